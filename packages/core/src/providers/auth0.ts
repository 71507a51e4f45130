import type { ServerProfile } from '../surface/server-profile.ts'

/**
 * Returns the server profile of Auth0.
 *
 * @param options - `domain`: the domain of the tenant, such as `shop.eu.auth0.com`. `graceSeconds`: the "Rotation Overlap
 *   Period" of the application, in seconds. Without it, Evertoken assumes that there is none.
 * @returns A plain object for the option `server`.
 * @example
 *   import { auth0 } from '@evertoken/core/providers'
 *
 *   const server = auth0({ domain: 'shop.eu.auth0.com', graceSeconds: 30 })
 * @see {@link https://auth0.com/docs/secure/tokens/refresh-tokens/refresh-token-rotation Refresh Token Rotation}
 */
export function auth0({
  domain,
  graceSeconds,
}: {
  readonly domain: string
  readonly graceSeconds?: number
}): ServerProfile {
  return {
    // The slash is part of the issuer (from memory).
    issuer: `https://${domain}/`,
    // Only the token before the newest one is accepted again, for the overlap period (documentation).
    ...(graceSeconds && { refreshTokenReuse: { graceSeconds } }),
    // A tenant has `end_session_endpoint` only if it was switched on; this URL always works (source of nextjs-auth0).
    endSession: { url: `https://${domain}/v2/logout`, postLogoutParameter: 'returnTo', idTokenHint: false },
  }
}
