import { signInRequired } from '../handlers/problem.ts'
import { type TokenFetch, tokenFetch, type TokenFetchPolicy } from '../handlers/calls/token-fetch.ts'
import { withMutableHeaders } from '../mechanisms/calls/with-headers.ts'
import { type AllowedPrefix, parsePrefix } from '../rules/calls/allowed-urls.ts'
import { tokenKey, type TokenParameters } from '../model/token-parameters.ts'
import { accessTokenOf, type BoundSession } from './bound-session.ts'
import {
  type Checked,
  checkAll,
  hook,
  invalid,
  listOf,
  flag,
  type OptionTable,
  TOKEN_PARAMETERS,
  url,
} from './checks.ts'

/** The settings of a token fetch: which URLs get the token, and which token they get. */
export interface TokenFetchOptions extends TokenParameters {
  /** The base of relative URLs, below which the token is sent. */
  readonly baseUrl?: string
  /** Further URLs below which the token is sent. */
  readonly allowedUrls?: readonly string[]
  /** The `fetch` for the calls, such as a service binding. Default: the `fetch` of the runtime. */
  readonly fetch?: TokenFetch
  /**
   * Whether a call for which no token is available throws the typed error. Otherwise, it resolves to a 401 response.
   *
   * @default false
   */
  readonly throwTokenErrors?: boolean
}

type Values = Checked<TokenFetchOptions, keyof TokenParameters | 'baseUrl' | 'fetch'>

const OPTIONS: OptionTable<Values> = {
  ...TOKEN_PARAMETERS,
  baseUrl: [url],
  allowedUrls: [listOf(url), []],
  fetch: [hook],
  throwTokenErrors: [flag, false],
}

/** @throws {ConfigurationError} If an option is missing, unknown or invalid. */
export function createBoundTokenFetch(bound: () => BoundSession, options: TokenFetchOptions): TokenFetch {
  const values = checkAll<Values>(OPTIONS, options)
  const urls = [values.baseUrl ?? [], values.allowedUrls].flat()
  const [first, ...others] = urls.map((each) => parsePrefix(each) as AllowedPrefix)
  if (!first) throw invalid('baseUrl', 'is missing: say where the token may be sent')
  const policy = { ...values, prefixes: [first, ...others] as const, fetch: holding(bound, values.fetch) }
  const call = carrying(bound, values as TokenParameters, policy)
  return async (input, init) => {
    const response = await call(input, init)
    bound().fetched.add(response)
    return response
  }
}

/** Creates a `fetch` that sends the requested token to the URLs that the policy allows. */
export function carrying(
  bound: () => BoundSession,
  request: TokenParameters,
  policy: TokenFetchPolicy,
): TokenFetch {
  const key = tokenKey(request)
  return tokenFetch(async ({ rejected, signal }) => {
    const { obtain, serverClock } = bound()
    const result = await obtain({ key, request, rejected, signal })
    if (result.kind === 'sign_in') throw signInRequired(result.code)
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
