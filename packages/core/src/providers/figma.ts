import { createCustomRequest } from '../mechanisms/protocol/custom-requests.ts'
import { useRefreshUrl } from '../rules/protocol/token-request-form.ts'
import type { ServerProfile } from '../surface/server-profile.ts'
import type { ReadClaims } from './members.ts'

/**
 * Returns the server profile of Figma.
 *
 * A user is identified by the ID of the user. Figma cannot revoke grants.
 *
 * @returns A plain object for the option `server`.
 * @example
 *   import { figma } from '@evertoken/core/providers'
 *
 *   const server = figma()
 * @see {@link https://developers.figma.com/docs/rest-api/authentication/ Authentication}
 */
export function figma(): ServerProfile {
  return {
    issuer: 'https://www.figma.com',
    // Source of Nango.
    metadata: {
      authorization_endpoint: 'https://www.figma.com/oauth',
      token_endpoint: 'https://api.figma.com/v1/oauth/token',
    },
    // Source of better-auth.
    defaultScope: 'current_user:read',
    // Source of Nango: the separator, and another URL for a refresh.
    scopeSeparator: ',',
    tokenRequest: createCustomRequest({ refreshUrl: 'https://api.figma.com/v1/oauth/refresh' }, MECHANISM),
    // A refresh returns no refresh token (source of Nango).
    refreshTokenReuse: 'tolerant',
    userInfo: {
      // Source of better-auth.
      url: 'https://api.figma.com/v1/me',
      claims: readClaims,
    },
  }
}

const readClaims: ReadClaims = ({ id, handle: name, email }) => ({ sub: id, name, email })

const MECHANISM = { adapt: useRefreshUrl }
