import type { ServerProfile } from '../surface/server-profile.ts'
import { objectOf, type ReadClaims } from './members.ts'

/**
 * Returns the server profile of X.
 *
 * A user is identified by the ID of the user. The scope `offline.access` is for the refresh token.
 *
 * @returns A plain object for the option `server`.
 * @example
 *   import { x } from '@evertoken/core/providers'
 *
 *   const server = x()
 * @see {@link https://docs.x.com/fundamentals/authentication/oauth-2-0/authorization-code OAuth 2.0 authorization code flow}
 */
export function x(): ServerProfile {
  return {
    issuer: 'https://x.com',
    // Documentation.
    metadata: {
      authorization_endpoint: 'https://x.com/i/oauth2/authorize',
      token_endpoint: 'https://api.x.com/2/oauth2/token',
      revocation_endpoint: 'https://api.x.com/2/oauth2/revoke',
    },
    // Source of Auth.js.
    defaultScope: 'users.read tweet.read offline.access',
    // The response to a dead refresh token (from memory).
    verdicts: [{ is: ['invalid_request'], means: 'sign_in_required' }],
    userInfo: {
      // Source of Auth.js.
      url: 'https://api.x.com/2/users/me',
      claims: readClaims,
    },
  }
}

const readClaims: ReadClaims = ({ data }) => {
  const { id, name, username } = objectOf(data)
  return { sub: id, name, preferred_username: username }
}
