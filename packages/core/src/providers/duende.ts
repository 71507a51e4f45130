import type { ServerProfile } from '../surface/server-profile.ts'

/**
 * Returns the server profile of Duende IdentityServer.
 *
 * The client needs the setting `AllowOfflineAccess`.
 *
 * @param options - `url`: the issuer. `reuse`: set it to `'tolerant'` if the client has `RefreshTokenUsage` = `ReUse`, which is
 *   the default since version 7. Default: `'strict'`.
 * @returns A plain object for the option `server`.
 * @example
 *   import { duende } from '@evertoken/core/providers'
 *
 *   const server = duende({ url: 'https://login.example.com', reuse: 'tolerant' })
 * @see {@link https://docs.duendesoftware.com/identityserver/tokens/refresh/ Refreshing a token}
 */
export function duende({
  url,
  reuse = 'strict',
}: {
  readonly url: string
  readonly reuse?: 'strict' | 'tolerant'
}): ServerProfile {
  return { issuer: url, refreshTokenReuse: reuse }
}
