import type { ServerProfile } from '../surface/server-profile.ts'
import { objectOf, type ReadClaims } from './members.ts'

/**
 * Returns the server profile of Linear.
 *
 * A user is identified by the ID of the user.
 *
 * @returns A plain object for the option `server`.
 * @example
 *   import { linear } from '@evertoken/core/providers'
 *
 *   const server = linear()
 * @see {@link https://linear.app/developers/oauth-2-0-authentication OAuth 2.0 authentication}
 */
export function linear(): ServerProfile {
  return {
    issuer: 'https://linear.app',
    // Source of Nango. The revocation is from memory.
    metadata: {
      authorization_endpoint: 'https://linear.app/oauth/authorize',
      token_endpoint: 'https://api.linear.app/oauth/token',
      revocation_endpoint: 'https://api.linear.app/oauth/revoke',
      token_endpoint_auth_methods_supported: ['client_secret_post'],
    },
    // Source of better-auth.
    defaultScope: 'read',
    // Documentation.
    scopeSeparator: ',',
    // For 30 minutes, the old refresh token returns the same pair again (from memory).
    refreshTokenReuse: { graceSeconds: 1800 },
    userInfo: {
      // Source of better-auth.
      url: 'https://api.linear.app/graphql',
      body: '{"query":"{viewer{id name email}}"}',
      claims: readClaims,
    },
  }
}

const readClaims: ReadClaims = ({ data }) => {
  const { id, name, email } = objectOf(objectOf(data)['viewer'])
  return { sub: id, name, email }
}
