import type { ServerProfile } from '../surface/server-profile.ts'

/**
 * Returns the server profile of Logto.
 *
 * @param options - `url`: the endpoint of the tenant, such as `https://shop.logto.app`, without a slash at the end.
 * @returns A plain object for the option `server`.
 * @example
 *   import { logto } from '@evertoken/core/providers'
 *
 *   const server = logto({ url: 'https://shop.logto.app' })
 * @see {@link https://docs.logto.io/concepts/authn-vs-authz Logto documentation}
 */
export function logto({ url }: { readonly url: string }): ServerProfile {
  return {
    issuer: `${url}/oidc`,
    // A refresh token needs both `offline_access` and this parameter (from memory).
    authorizationParameters: { prompt: 'consent' },
    // Source of Logto: `core/src/oidc/defaults.ts`.
    refreshTokenReuse: { graceSeconds: 3 },
  }
}
