import type { ServerProfile } from '../surface/server-profile.ts'
import { pairOf, type ReadClaims } from './members.ts'

/**
 * Returns the server profile of HubSpot.
 *
 * A user is identified by the IDs of the HubSpot account and of the user.
 *
 * @returns A plain object for the option `server`.
 * @example
 *   import { hubspot } from '@evertoken/core/providers'
 *
 *   const server = hubspot()
 * @see {@link https://developers.hubspot.com/docs/api-reference/auth-oauth-v3/guide OAuth guide}
 */
export function hubspot(): ServerProfile {
  return {
    issuer: 'https://app.hubspot.com',
    // Documentation. Version 1 ends on 2027-02-16.
    metadata: {
      authorization_endpoint: 'https://app.hubspot.com/oauth/authorize',
      token_endpoint: 'https://api.hubapi.com/oauth/2026-03/token',
      revocation_endpoint: 'https://api.hubapi.com/oauth/2026-03/token/revoke',
      token_endpoint_auth_methods_supported: ['client_secret_post'],
    },
    // Source of better-auth.
    defaultScope: 'oauth',
    // A refresh returns the same refresh token (third-party text).
    refreshTokenReuse: 'tolerant',
    // Third-party text.
    verdicts: [{ status: 400, member: 'status', is: ['BAD_REFRESH_TOKEN'], means: 'refresh_token_dead' }],
    userInfo: {
      // Documentation of the token endpoint.
      fromTokenResponse: true,
      claims: readClaims,
    },
  }
}

const readClaims: ReadClaims = ({ hub_id: account, user_id: user }) => ({ sub: pairOf(account, user) })
