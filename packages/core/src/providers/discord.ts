import type { ServerProfile } from '../surface/server-profile.ts'
import type { ReadClaims } from './members.ts'

/**
 * Returns the server profile of Discord.
 *
 * A user is identified by the ID of the account. The revocation of any token ends all tokens of the user and the application.
 *
 * @returns A plain object for the option `server`.
 * @example
 *   import { discord } from '@evertoken/core/providers'
 *
 *   const server = discord()
 * @see {@link https://discord.com/developers/docs/topics/oauth2 OAuth2}
 */
export function discord(): ServerProfile {
  return {
    issuer: 'https://discord.com',
    // Documentation.
    metadata: {
      authorization_endpoint: 'https://discord.com/oauth2/authorize',
      token_endpoint: 'https://discord.com/api/oauth2/token',
      revocation_endpoint: 'https://discord.com/api/oauth2/token/revoke',
    },
    defaultScope: 'identify',
    userInfo: {
      url: 'https://discord.com/api/users/@me',
      claims: readClaims,
    },
  }
}

const readClaims: ReadClaims = ({ id, username, global_name: name, email }) => ({
  sub: id,
  preferred_username: username,
  name,
  email,
})
