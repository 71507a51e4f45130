import { signInRequired } from '../handlers/problem.ts'
import { type TokenFetch, tokenFetch } from '../handlers/token-fetch.ts'
import { tokenKey, type TokenRequest } from '../rules/token-key.ts'
import type { AllowedPrefix } from '../rules/allowed-urls.ts'
import { accessTokenOf, type BoundSession } from './bound-session.ts'
import { checkTokenRequest, checkUrl, invalid } from './checks.ts'

/** The settings of a token fetch: where the token may go, and which token. */
export interface TokenFetchOptions extends TokenRequest {
  /** What relative URLs are resolved against, and below which the token is sent. */
  readonly baseUrl?: string
  /** Further URLs below which the token is sent. */
  readonly allowedUrls?: readonly string[]
  /** For the calls themselves. Default: the runtime's; a service binding fits. */
  readonly fetch?: TokenFetch
  /** What a call answers for which no token can be had: `respond` (default) with 401, or `throw` the typed error. */
  readonly withoutToken?: 'respond' | 'throw'
}

/** @throws ConfigurationError when an option is missing or wrong. */
export function createBoundTokenFetch(bound: () => BoundSession, options: TokenFetchOptions): TokenFetch {
  const { baseUrl, resource, scope, parameters, withoutToken = 'respond' } = options
  const request: TokenRequest = {
    ...(resource !== undefined && { resource }),
    ...(scope !== undefined && { scope }),
    ...(parameters !== undefined && { parameters }),
  }
  checkTokenRequest(request)
  const key = tokenKey(request)
  const fetch = holding(bound, options.fetch)
  const policy = { baseUrl, prefixes: prefixesOf(options), fetch, withoutToken }

  return tokenFetch(async ({ rejected, signal }) => {
    const result = await bound().obtain({ key, request, rejected, signal })
    if ('signIn' in result) throw signInRequired(result.signIn)
    return accessTokenOf(result.token)
  }, policy)
}

/** A `fetch`, by default the runtime's, whose responses are held until the request is answered. */
export function holding(bound: () => BoundSession, fetch?: TokenFetch): TokenFetch {
  return async (input, init) => {
    const { responses } = bound()
    return responses.hold(await (fetch ? fetch(input, init) : globalThis.fetch(input, init)))
  }
}

function prefixesOf({ baseUrl, allowedUrls = [] }: TokenFetchOptions): [AllowedPrefix, ...AllowedPrefix[]] {
  const [first, ...others] = [...(baseUrl === undefined ? [] : [baseUrl]), ...allowedUrls].map((url) => {
    const { origin, pathname } = checkUrl(url === baseUrl ? 'baseUrl' : 'allowedUrls', url)
    return { origin, pathname }
  })
  if (!first) throw invalid('baseUrl', 'is missing: say where the token may be sent')
  return [first, ...others]
}
