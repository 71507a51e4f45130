import type { ServerProfile } from '../surface/server-profile.ts'

/**
 * Returns the server profile of Xero.
 *
 * Calls need the header `xero-tenant-id`. The revocation removes all connections of the user.
 *
 * @returns A plain object for the option `server`.
 * @example
 *   import { xero } from '@evertoken/core/providers'
 *
 *   const server = xero()
 * @see {@link https://developer.xero.com/documentation/guides/oauth2/auth-flow/ The standard authorization code flow}
 */
export function xero(): ServerProfile {
  return {
    // Source of xero-node. The server has discovery.
    issuer: 'https://identity.xero.com',
    // Third-party text.
    defaultScope: 'openid profile email offline_access',
    // The old refresh token works for 30 more minutes (from memory).
    refreshTokenReuse: { graceSeconds: 1800 },
    // Source of xero-node.
    endpoints: { revocation_endpoint: 'https://identity.xero.com/connect/revocation' },
  }
}
