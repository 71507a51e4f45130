import type { ServerProfile } from '../surface/server-profile.ts'
import type { ReadClaims } from './members.ts'

/**
 * Returns the server profile of Spotify.
 *
 * A refresh token ends 6 months after the consent. A user is identified by the ID of the account.
 *
 * @returns A plain object for the option `server`.
 * @example
 *   import { spotify } from '@evertoken/core/providers'
 *
 *   const server = spotify()
 * @see {@link https://developer.spotify.com/documentation/web-api/tutorials/refreshing-tokens Refreshing tokens}
 */
export function spotify(): ServerProfile {
  return {
    issuer: 'https://accounts.spotify.com',
    // Source of better-auth. There is no revocation (from memory).
    metadata: {
      authorization_endpoint: 'https://accounts.spotify.com/authorize',
      token_endpoint: 'https://accounts.spotify.com/api/token',
    },
    defaultScope: 'user-read-email',
    userInfo: {
      url: 'https://api.spotify.com/v1/me',
      claims: readClaims,
    },
  }
}

const readClaims: ReadClaims = ({ id, display_name: name, email }) => ({ sub: id, name, email })
