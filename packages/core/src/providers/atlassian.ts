import type { ServerProfile } from '../surface/server-profile.ts'
import type { ReadClaims } from './members.ts'

/**
 * Returns the server profile of Atlassian.
 *
 * A user is identified by the ID of the Atlassian account. The API of a site needs its cloud ID, which a further call returns.
 *
 * @returns A plain object for the option `server`.
 * @example
 *   import { atlassian } from '@evertoken/core/providers'
 *
 *   const server = atlassian()
 * @see {@link https://developer.atlassian.com/cloud/oauth/getting-started/refresh-tokens/ Refresh tokens}
 */
export function atlassian(): ServerProfile {
  return {
    issuer: 'https://auth.atlassian.com',
    // Source of Nango. There is no revocation (third-party text).
    metadata: {
      authorization_endpoint: 'https://auth.atlassian.com/authorize',
      token_endpoint: 'https://auth.atlassian.com/oauth/token',
      token_endpoint_auth_methods_supported: ['client_secret_post'],
    },
    // `offline_access` is for the refresh token (documentation). `read:me` is for the claims (from memory).
    defaultScope: 'read:me offline_access',
    // Source of Nango.
    authorizationParameters: { audience: 'api.atlassian.com', prompt: 'consent' },
    verdicts: [
      // Source of jira.js.
      { is: ['unauthorized_client'], means: 'refresh_token_dead' },
      // The response to a wrong client secret (third-party text).
      { is: ['access_denied'], means: 'misconfigured' },
    ],
    userInfo: {
      // Source of better-auth.
      url: 'https://api.atlassian.com/me',
      claims: readClaims,
    },
  }
}

const readClaims: ReadClaims = ({ account_id: id, name, email, picture }) => ({
  sub: id,
  name,
  email,
  picture,
})
