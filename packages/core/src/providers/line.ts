import { AS_CLIENT, createCustomRequest } from '../mechanisms/protocol/custom-requests.ts'
import type { ServerProfile } from '../surface/server-profile.ts'

/**
 * Returns the server profile of LINE Login.
 *
 * @returns A plain object for the option `server`.
 * @example
 *   import { line } from '@evertoken/core/providers'
 *
 *   const server = line()
 * @see {@link https://developers.line.biz/en/reference/line-login/ LINE Login v2.1 API reference}
 */
export function line(): ServerProfile {
  return {
    issuer: 'https://access.line.me',
    // Each sign-in returns a refresh token (documentation).
    defaultScope: 'openid profile',
    // Source of Auth.js. The key is the channel secret.
    idTokenSigningAlgorithm: 'HS256',
    // A refresh returns the same refresh token (documentation).
    refreshTokenReuse: 'tolerant',
    // The parameter is not `token` (documentation).
    revocation: createCustomRequest(
      {
        url: 'https://api.line.me/oauth2/v2.1/revoke',
        parameter: 'access_token',
      },
      AS_CLIENT,
    ),
  }
}
