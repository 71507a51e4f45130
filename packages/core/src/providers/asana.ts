import type { ServerProfile } from '../surface/server-profile.ts'
import { objectOf, type ReadClaims } from './members.ts'

/**
 * Returns the server profile of Asana.
 *
 * A user is identified by the ID of the user.
 *
 * @returns A plain object for the option `server`.
 * @example
 *   import { asana } from '@evertoken/core/providers'
 *
 *   const server = asana()
 * @see {@link https://developers.asana.com/docs/oauth OAuth}
 */
export function asana(): ServerProfile {
  return {
    issuer: 'https://app.asana.com',
    // Documentation.
    metadata: {
      authorization_endpoint: 'https://app.asana.com/-/oauth_authorize',
      token_endpoint: 'https://app.asana.com/-/oauth_token',
      revocation_endpoint: 'https://app.asana.com/-/oauth_revoke',
      token_endpoint_auth_methods_supported: ['client_secret_post'],
    },
    // Documentation.
    defaultScope: '',
    // Only a sign-in returns a refresh token (documentation).
    refreshTokenReuse: 'tolerant',
    userInfo: {
      // From memory.
      fromTokenResponse: true,
      claims: readClaims,
    },
  }
}

const readClaims: ReadClaims = ({ data }) => {
  const { gid, id = gid, name, email } = objectOf(data)
  return { sub: id, name, email }
}
