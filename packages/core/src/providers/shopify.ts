import { createCustomRequest } from '../mechanisms/protocol/custom-requests.ts'
import { addCodeParameters } from '../rules/protocol/token-request-form.ts'
import type { ServerProfile } from '../surface/server-profile.ts'
import { createBoundedMap } from '../mechanisms/runtime/bounded-map.ts'
import { hostPart } from './host.ts'
import type { ReadClaims } from './members.ts'

/**
 * Returns the server profile of a shop of Shopify.
 *
 * The record is that of the shop, whose name identifies it. Its API expects the token in the header `X-Shopify-Access-Token`. The
 * grant ends when the app is uninstalled.
 *
 * @param options - `shop`: the name of the shop, such as `my-shop` for `my-shop.myshopify.com`.
 * @returns A plain object for the option `server`.
 * @throws {ConfigurationError} If a host is not one of the provider.
 * @example
 *   import { shopify } from '@evertoken/core/providers'
 *
 *   const server = shopify({ shop: 'my-shop' })
 * @see {@link https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens Access tokens}
 */
export function shopify({ shop }: { readonly shop: string }): ServerProfile {
  const host = `${hostPart(shop, /^[a-z\d][a-z\d-]*$/)}.myshopify.com`
  return {
    issuer: `https://${host}`,
    // The token endpoint is from the source of Nango, and the rest from memory.
    metadata: {
      authorization_endpoint: `https://${host}/admin/oauth/authorize`,
      token_endpoint: `https://${host}/admin/oauth/access_token`,
      token_endpoint_auth_methods_supported: ['client_secret_post'],
    },
    // The scopes of the app decide (from memory).
    defaultScope: '',
    scopeSeparator: ',',
    // Without it, the token does not expire, and the response has no refresh token (source of Nango).
    tokenRequest: createCustomRequest({ codeParameters: { expiring: '1' } }, MECHANISM),
    // Documentation.
    tokenHeader: { name: 'X-Shopify-Access-Token' },
    // The old refresh token lives until the new one is used (documentation).
    refreshTokenReuse: 'tolerant',
    userInfo: { fromTokenResponse: true, claims: claimsOf(host) },
  }
}

/** The maximum number of shops whose function is kept, which need about 1 MB. */
const MAX_SHOPS = 10_000
const functions = /* @__PURE__ */ createBoundedMap<string, ReadClaims>(MAX_SHOPS)

function claimsOf(host: string): ReadClaims {
  const known = functions.get(host)
  if (known) return known
  const readClaims: ReadClaims = () => ({ sub: host })
  functions.set(host, readClaims)
  return readClaims
}

const MECHANISM = { adapt: addCodeParameters }
