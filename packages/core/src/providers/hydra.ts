import type { ServerProfile } from '../surface/server-profile.ts'

/**
 * Returns the server profile of Ory Hydra and Ory Network.
 *
 * @param options - `url`: the issuer, usually with a slash at the end. `graceSeconds`: the grace period of refresh tokens, in
 *   seconds. Without it, Evertoken assumes that there is none, which is the default of Hydra.
 * @returns A plain object for the option `server`.
 * @example
 *   import { hydra } from '@evertoken/core/providers'
 *
 *   const server = hydra({ url: 'https://login.example.com/', graceSeconds: 60 })
 * @see {@link https://www.ory.com/docs/hydra/guides/graceful-token-refresh Graceful token refresh}
 */
export function hydra({
  url,
  graceSeconds,
}: {
  readonly url: string
  readonly graceSeconds?: number
}): ServerProfile {
  return {
    issuer: url,
    ...(graceSeconds && { refreshTokenReuse: { graceSeconds } }),
    // Documentation of the refresh token grant.
    refreshEndsAccessToken: true,
  }
}
