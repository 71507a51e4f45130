import { BEARER, createCustomRequest } from '../mechanisms/protocol/custom-requests.ts'
import type { ServerProfile } from '../surface/server-profile.ts'
import type { ReadClaims } from './members.ts'

/**
 * Returns the server profile of Dropbox.
 *
 * A user is identified by the ID of the account. The revocation ends the refresh token and all its access tokens.
 *
 * @returns A plain object for the option `server`.
 * @example
 *   import { dropbox } from '@evertoken/core/providers'
 *
 *   const server = dropbox()
 * @see {@link https://www.dropbox.com/developers/documentation/http/documentation#oauth2-authorize OAuth 2.0}
 */
export function dropbox(): ServerProfile {
  return {
    issuer: 'https://www.dropbox.com',
    // Source of dropbox-sdk-js.
    metadata: {
      authorization_endpoint: 'https://www.dropbox.com/oauth2/authorize',
      token_endpoint: 'https://api.dropboxapi.com/oauth2/token',
      token_endpoint_auth_methods_supported: ['client_secret_post'],
    },
    // Source of better-auth.
    defaultScope: 'account_info.read',
    // Without it, the response has no refresh token (documentation).
    authorizationParameters: { token_access_type: 'offline' },
    // A refresh returns no refresh token (source of dropbox-sdk-js).
    refreshTokenReuse: 'tolerant',
    // Source of dropbox-sdk-js.
    revocation: createCustomRequest(
      {
        url: 'https://api.dropboxapi.com/2/auth/token/revoke',
        token: 'access_token',
        authentication: 'bearer',
      },
      BEARER,
    ),
    userInfo: {
      // Third-party text.
      fromTokenResponse: true,
      claims: readClaims,
    },
  }
}

const readClaims: ReadClaims = ({ account_id: id }) => ({ sub: id })
