import type { ServerProfile } from '../surface/server-profile.ts'
import type { ReadClaims } from './members.ts'

/**
 * Returns the server profile of Bitbucket Cloud.
 *
 * A user is identified by the ID of the Atlassian account. The OAuth consumer decides about the scopes. There is no revocation.
 *
 * @returns A plain object for the option `server`.
 * @example
 *   import { bitbucket } from '@evertoken/core/providers'
 *
 *   const server = bitbucket()
 * @see {@link https://developer.atlassian.com/cloud/bitbucket/oauth-2/ OAuth 2.0}
 */
export function bitbucket(): ServerProfile {
  return {
    issuer: 'https://bitbucket.org',
    // Source of Nango and Auth.js.
    metadata: {
      authorization_endpoint: 'https://bitbucket.org/site/oauth2/authorize',
      token_endpoint: 'https://bitbucket.org/site/oauth2/access_token',
    },
    // Source of Auth.js.
    defaultScope: 'account',
    // Refresh tokens are not rotated (from memory).
    refreshTokenReuse: 'tolerant',
    userInfo: {
      // Source of Auth.js.
      url: 'https://api.bitbucket.org/2.0/user',
      claims: readClaims,
    },
  }
}

const readClaims: ReadClaims = ({ account_id: id, display_name: name }) => ({ sub: id, name })
