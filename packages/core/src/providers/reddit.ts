import type { ServerProfile } from '../surface/server-profile.ts'
import type { ReadClaims } from './members.ts'

/**
 * Returns the server profile of Reddit.
 *
 * A user is identified by the ID of the account. Calls need a header `User-Agent` of their own.
 *
 * @returns A plain object for the option `server`.
 * @example
 *   import { reddit } from '@evertoken/core/providers'
 *
 *   const server = reddit()
 * @see {@link https://github.com/reddit-archive/reddit/wiki/OAuth2 OAuth2}
 */
export function reddit(): ServerProfile {
  return {
    issuer: 'https://www.reddit.com',
    // Source of Reddit.
    metadata: {
      authorization_endpoint: 'https://www.reddit.com/api/v1/authorize',
      token_endpoint: 'https://www.reddit.com/api/v1/access_token',
      revocation_endpoint: 'https://www.reddit.com/api/v1/revoke_token',
    },
    // Source of better-auth.
    defaultScope: 'identity',
    // Without it, there is no refresh token (source of Reddit).
    authorizationParameters: { duration: 'permanent' },
    // Refresh tokens are not rotated (source of Reddit).
    refreshTokenReuse: 'tolerant',
    userInfo: {
      // Source of better-auth.
      url: 'https://oauth.reddit.com/api/v1/me',
      claims: readClaims,
    },
  }
}

const readClaims: ReadClaims = ({ id, name }) => ({ sub: id, preferred_username: name })
