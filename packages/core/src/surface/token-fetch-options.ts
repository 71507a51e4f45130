import { signInRequired } from '../handlers/problem.ts'
import { type TokenFetch, tokenFetch, type TokenFetchPolicy } from '../handlers/calls/token-fetch.ts'
import { withMutableHeaders } from '../mechanisms/calls/with-headers.ts'
import { type AllowedPrefix, parsePrefix } from '../rules/calls/allowed-urls.ts'
import { tokenKey, type TokenRequest } from '../model/token-parameters.ts'
import { accessTokenOf, type BoundSession } from './bound-session.ts'
import {
  type Checked,
  checkAll,
  hook,
  invalid,
  listOf,
  oneOf,
  type OptionTable,
  TOKEN_REQUEST,
  url,
} from './checks.ts'

/** The settings of a token fetch: which URLs get the token, and which token they get. */
export interface TokenFetchOptions extends TokenRequest {
  /** The base of relative URLs, below which the token is sent. */
  readonly baseUrl?: string
  /** Further URLs below which the token is sent. */
  readonly allowedUrls?: readonly string[]
  /** The `fetch` for the calls, such as a service binding. Default: the `fetch` of the runtime. */
  readonly fetch?: TokenFetch
  /** The result if no token is available: `respond` (default) returns a 401, `throw` throws the typed error. */
  readonly withoutToken?: 'respond' | 'throw'
}

type Values = Checked<TokenFetchOptions, keyof TokenRequest | 'baseUrl' | 'fetch'>

const OPTIONS: OptionTable<Values> = {
  ...TOKEN_REQUEST,
  baseUrl: [url],
  allowedUrls: [listOf(url), []],
  fetch: [hook],
  withoutToken: [oneOf('respond', 'throw'), 'respond'],
}

/** @throws {ConfigurationError} If an option is missing, unknown or invalid. */
export function createBoundTokenFetch(bound: () => BoundSession, options: TokenFetchOptions): TokenFetch {
  const values = checkAll<Values>(OPTIONS, options)
  const urls = [values.baseUrl ?? [], values.allowedUrls].flat()
  const [first, ...others] = urls.map((each) => parsePrefix(each) as AllowedPrefix)
  if (!first) throw invalid('baseUrl', 'is missing: say where the token may be sent')
  const policy = { ...values, prefixes: [first, ...others] as const, fetch: holding(bound, values.fetch) }
  const call = carrying(bound, values as TokenRequest, policy)
  return async (input, init) => {
    const response = await call(input, init)
    bound().fetched.add(response)
    return response
  }
}

/** Creates a `fetch` that sends the requested token to the URLs that the policy allows. */
export function carrying(
  bound: () => BoundSession,
  request: TokenRequest,
  policy: TokenFetchPolicy,
): TokenFetch {
  const key = tokenKey(request)
  return tokenFetch(async ({ rejected, signal }) => {
    const { obtain, serverClock } = bound()
    const result = await obtain({ key, request, rejected, signal })
    if ('signIn' in result) throw signInRequired(result.signIn)
    return accessTokenOf(result.token, serverClock.read())
  }, policy)
}

/**
 * Wraps a `fetch`, by default the runtime's. If the runtime needs it, the API responses are kept until the request
 * ends.
 */
export function holding(bound: () => BoundSession, fetch?: TokenFetch): TokenFetch {
  return async (input, init) => {
    const { responses } = bound()
    const response = await (fetch ? fetch(input, init) : globalThis.fetch(input, init))
    return responses?.hold(response) ?? withMutableHeaders(response)
  }
}
