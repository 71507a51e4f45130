import type { ServerProfile } from '../surface/server-profile.ts'
import type { ReadClaims } from './members.ts'

/**
 * Returns the server profile of Zoom.
 *
 * A user is identified by the ID of the user. The settings of the app decide about the scopes.
 *
 * @returns A plain object for the option `server`.
 * @example
 *   import { zoom } from '@evertoken/core/providers'
 *
 *   const server = zoom()
 * @see {@link https://developers.zoom.us/docs/integrations/oauth/ OAuth 2.0}
 */
export function zoom(): ServerProfile {
  return {
    issuer: 'https://zoom.us',
    // Source of better-auth.
    metadata: {
      authorization_endpoint: 'https://zoom.us/oauth/authorize',
      token_endpoint: 'https://zoom.us/oauth/token',
      revocation_endpoint: 'https://zoom.us/oauth/revoke',
      token_endpoint_auth_methods_supported: ['client_secret_post'],
    },
    defaultScope: '',
    // The error is `invalid_request` (from memory).
    verdicts: [{ member: 'reason', is: ['Invalid Token!'], means: 'refresh_token_dead' }],
    userInfo: {
      // Source of better-auth.
      url: 'https://api.zoom.us/v2/users/me',
      claims: readClaims,
    },
  }
}

const readClaims: ReadClaims = ({ id, display_name: name, email }) => ({ sub: id, name, email })
