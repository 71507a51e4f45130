import type { ServerProfile } from '../surface/server-profile.ts'

/**
 * Returns the server profile of LinkedIn.
 *
 * Only approved partners get refresh tokens. Without one, the session lasts as long as the access token, which is 60 days.
 *
 * @returns A plain object for the option `server`.
 * @example
 *   import { linkedin } from '@evertoken/core/providers'
 *
 *   const server = linkedin()
 * @see {@link https://learn.microsoft.com/linkedin/shared/authentication/programmatic-refresh-tokens Programmatic refresh tokens}
 */
export function linkedin(): ServerProfile {
  return {
    // Source of Auth.js.
    issuer: 'https://www.linkedin.com/oauth',
    defaultScope: 'openid profile email',
    // The ID token does not repeat it (from memory).
    nonce: false,
    // Refresh tokens are not rotated (documentation).
    refreshTokenReuse: 'tolerant',
    // From memory.
    endpoints: { revocation_endpoint: 'https://www.linkedin.com/oauth/v2/revoke' },
  }
}
