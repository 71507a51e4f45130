import type { ServerProfile } from '../surface/server-profile.ts'
import type { ReadClaims } from './members.ts'

/**
 * Returns the server profile of Box.
 *
 * A user is identified by the ID of the user.
 *
 * @returns A plain object for the option `server`.
 * @example
 *   import { box } from '@evertoken/core/providers'
 *
 *   const server = box()
 * @see {@link https://developer.box.com/guides/authentication/tokens/refresh/ Refresh a token}
 */
export function box(): ServerProfile {
  return {
    issuer: 'https://account.box.com',
    // Source of Auth.js. The revocation is from the documentation.
    metadata: {
      authorization_endpoint: 'https://account.box.com/api/oauth2/authorize',
      token_endpoint: 'https://api.box.com/oauth2/token',
      revocation_endpoint: 'https://api.box.com/oauth2/revoke',
      token_endpoint_auth_methods_supported: ['client_secret_post'],
    },
    // The settings of the app decide (from memory).
    defaultScope: '',
    userInfo: {
      // Source of Auth.js.
      url: 'https://api.box.com/2.0/users/me',
      claims: readClaims,
    },
  }
}

const readClaims: ReadClaims = ({ id, name, login: email }) => ({ sub: id, name, email })
