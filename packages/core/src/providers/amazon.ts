import type { ServerProfile } from '../surface/server-profile.ts'
import type { ReadClaims } from './members.ts'

/**
 * Returns the server profile of Login with Amazon.
 *
 * A user is identified by the ID of the user. There is no revocation.
 *
 * @returns A plain object for the option `server`.
 * @example
 *   import { amazon } from '@evertoken/core/providers'
 *
 *   const server = amazon()
 * @see {@link https://developer.amazon.com/docs/login-with-amazon/authorization-code-grant.html Authorization code grant}
 */
export function amazon(): ServerProfile {
  return {
    issuer: 'https://www.amazon.com',
    // Source of Nango. The authentication is from memory.
    metadata: {
      authorization_endpoint: 'https://www.amazon.com/ap/oa',
      token_endpoint: 'https://api.amazon.com/auth/o2/token',
      token_endpoint_auth_methods_supported: ['client_secret_post'],
    },
    // Source of Auth.js.
    defaultScope: 'profile',
    // Refresh tokens are not rotated (from memory).
    refreshTokenReuse: 'tolerant',
    userInfo: {
      // Source of Auth.js.
      url: 'https://api.amazon.com/user/profile',
      claims: readClaims,
    },
  }
}

const readClaims: ReadClaims = ({ user_id: id, name, email }) => ({ sub: id, name, email })
