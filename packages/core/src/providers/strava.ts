import { AS_CLIENT, createCustomRequest } from '../mechanisms/protocol/custom-requests.ts'
import type { ServerProfile } from '../surface/server-profile.ts'
import type { ReadClaims } from './members.ts'

/**
 * Returns the server profile of Strava.
 *
 * A user is identified by the ID of the athlete.
 *
 * @returns A plain object for the option `server`.
 * @example
 *   import { strava } from '@evertoken/core/providers'
 *
 *   const server = strava()
 * @see {@link https://developers.strava.com/docs/authentication/ Authentication}
 */
export function strava(): ServerProfile {
  return {
    issuer: 'https://www.strava.com',
    // Source of Nango and Auth.js.
    metadata: {
      authorization_endpoint: 'https://www.strava.com/oauth/authorize',
      token_endpoint: 'https://www.strava.com/api/v3/oauth/token',
      token_endpoint_auth_methods_supported: ['client_secret_post'],
    },
    // Source of Auth.js.
    defaultScope: 'read',
    // Source of Nango.
    scopeSeparator: ',',
    // Errors have a list and no `error` (third-party text).
    verdicts: [{ status: 400, member: 'errors.0.field', is: ['refresh_token'], means: 'refresh_token_dead' }],
    // From memory.
    revocation: createCustomRequest(
      {
        url: 'https://www.strava.com/oauth/deauthorize',
        token: 'access_token',
      },
      AS_CLIENT,
    ),
    userInfo: {
      // Source of Auth.js.
      url: 'https://www.strava.com/api/v3/athlete',
      claims: readClaims,
    },
  }
}

const readClaims: ReadClaims = ({ id, username }) => ({ sub: id, preferred_username: username })
