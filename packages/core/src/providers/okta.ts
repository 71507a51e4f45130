import type { ServerProfile } from '../surface/server-profile.ts'

/**
 * Returns the server profile of Okta.
 *
 * @param options - `domain`: the domain of the organization, such as `shop.okta.com`. `authorizationServer`: the ID of a
 *   custom authorization server, such as `default`. Without it, the organization's own server is used. `graceSeconds`: the
 *   grace period for the rotation of refresh tokens, in seconds, which is 30 by default at Okta. Without it, Evertoken
 *   assumes that there is none.
 * @returns A plain object for the option `server`.
 * @example
 *   import { okta } from '@evertoken/core/providers'
 *
 *   const server = okta({ domain: 'shop.okta.com', authorizationServer: 'default', graceSeconds: 30 })
 * @see {@link https://developer.okta.com/docs/guides/refresh-tokens/main/ Refresh access tokens and rotate refresh tokens}
 */
export function okta({
  domain,
  authorizationServer,
  graceSeconds,
}: {
  readonly domain: string
  readonly authorizationServer?: string
  readonly graceSeconds?: number
}): ServerProfile {
  return {
    issuer: `https://${domain}${authorizationServer ? `/oauth2/${authorizationServer}` : ''}`,
    // After the grace period, a second use ends the grant and all its access tokens (documentation).
    ...(graceSeconds && { refreshTokenReuse: { graceSeconds } }),
  }
}
