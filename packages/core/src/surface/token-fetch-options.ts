import { signInRequired } from '../handlers/problem.ts'
import { type TokenFetch, tokenFetch } from '../handlers/token-fetch.ts'
import { tokenKey, type TokenRequest } from '../rules/token-key.ts'
import type { AllowedPrefix } from '../rules/allowed-urls.ts'
import { accessTokenOf, type BoundSession } from './bound-session.ts'
import {
  checkFunction,
  checkNothingElse,
  checkText,
  checkTokenRequest,
  checkUrl,
  createTaking,
  invalid,
  oneOf,
  optional,
} from './checks.ts'

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

/** @throws ConfigurationError when an option is missing, unknown or wrong. */
export function createBoundTokenFetch(bound: () => BoundSession, options: TokenFetchOptions): TokenFetch {
  const { take, rest } = createTaking(options)
  const resource = take('resource', unchecked)
  const scope = take('scope', unchecked)
  const parameters = take('parameters', unchecked)
  const request: TokenRequest = {
    ...(resource !== undefined && { resource }),
    ...(scope !== undefined && { scope }),
    ...(parameters !== undefined && { parameters }),
  }
  checkTokenRequest(request)
  const key = tokenKey(request)
  const baseUrl = take('baseUrl', optional(checkText))
  const policy = {
    baseUrl,
    prefixes: checkPrefixes(baseUrl, take('allowedUrls', unchecked, [])),
    fetch: holding(bound, take('fetch', optional(checkFunction))),
    withoutToken: take('withoutToken', oneOf(['respond', 'throw']), 'respond'),
  }
  checkNothingElse(rest)

  return tokenFetch(async ({ rejected, signal }) => {
    const result = await bound().obtain({ key, request, rejected, signal })
    if ('signIn' in result) throw signInRequired(result.signIn)
    return accessTokenOf(result.token)
  }, policy)
}

/** A `fetch`, by default the runtime's, whose responses are held until the request is answered, where that is needed. */
export function holding(bound: () => BoundSession, fetch?: TokenFetch): TokenFetch {
  return async (input, init) => {
    const { responses } = bound()
    const response = await (fetch ? fetch(input, init) : globalThis.fetch(input, init))
    responses?.hold(response)
    return response
  }
}

function checkPrefixes(
  baseUrl: string | undefined,
  allowedUrls: unknown,
): [AllowedPrefix, ...AllowedPrefix[]] {
  if (!Array.isArray(allowedUrls)) throw invalid('allowedUrls', 'must be a list of URLs')
  const own = baseUrl === undefined ? [] : [checkUrl('baseUrl', baseUrl)]
  const urls = [...own, ...allowedUrls.map((url) => checkUrl('allowedUrls', url))]
  // Plain values: those of an URL cost more at every call.
  const [first, ...others] = urls.map(({ origin, pathname }) => ({ origin, pathname }))
  if (!first) throw invalid('baseUrl', 'is missing: say where the token may be sent')
  return [first, ...others]
}

function unchecked<T>(_option: string, value: T): T {
  return value
}
