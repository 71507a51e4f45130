import { PARAMETER_NAMES, TOKEN_PARAMETERS } from './token-parameter-checks.ts'
import type { TokenFetch } from '../handlers/calls/token-fetch.ts'
import type { IsTokenRejected } from '../mechanisms/calls/rejected-token.ts'
import type { TokenParameters } from '../model/token-parameters.ts'
import {
  type Check,
  type Checked,
  checkAll,
  flag,
  hook,
  hostNames,
  invalid,
  listOf,
  oneOf,
  type OptionTable,
  seconds,
  url,
} from './checks.ts'
import {
  isTokenSource,
  type TokenName,
  type TokenSource,
  type UserTokenName,
  type WhoseToken,
} from './token-source.ts'

/** The URLs that get the token, and the treatment of calls without a token. */
export interface CarryOptions {
  /**
   * The base of relative URLs, below which the token is sent. Set it or `allowedUrls`.
   *
   * It must use https, or http on loopback or for `insecureHosts`. A call with any other URL throws `origin_not_allowed`, and sends nothing. With a
   * slash at the end, `orders('recent')` is below it.
   *
   * @example
   *   const orders = auth.createTokenFetch({ baseUrl: 'https://api.example.com/orders/' })
   * @see {@link https://www.rfc-editor.org/rfc/rfc9700#section-4.9.1 RFC 9700, section 4.9.1: Access Token Phishing}
   */
  readonly baseUrl?: string
  /**
   * Further URLs below which the token is sent. Absolute URLs without a query.
   *
   * List only APIs that may use the same token: each of them could send it to the others.
   *
   * @default []
   */
  readonly allowedUrls?: readonly string[]
  /**
   * Names of hosts that can use plain http, such as `['keycloak']` in a cluster or in Docker Compose.
   *
   * It applies to `baseUrl` and `allowedUrls`. Other programs in that network can read the tokens and secrets, so list only hosts of a network
   * that you trust.
   *
   * @default [], which allows plain http on loopback only
   */
  readonly insecureHosts?: readonly string[]
  /**
   * The `fetch` for the calls, such as a service binding. It gets the request with the token, so it must not log headers.
   *
   * If the API rejects the token, it can be called a second time with a new one.
   *
   * @default the `fetch` of the runtime
   */
  readonly fetch?: TokenFetch
  /**
   * For how many seconds a token must still be valid when a call starts. Otherwise it is refreshed first.
   *
   * Set it for calls that the API checks late, such as jobs that wait in a queue. The maximum is three quarters of the lifetime
   * of the token.
   *
   * @default no time
   */
  readonly minValiditySeconds?: number
  /**
   * Whether a call for which no token is available throws the typed error. Otherwise, it resolves to a response with a `code`
   * and an `action`, with the status 401. The API is not called in either case.
   *
   * Set it to `true` for clients that treat each 401 as a failure of the API, and in jobs that handle errors by class.
   *
   * @default false
   */
  readonly throwTokenErrors?: boolean
  /**
   * Returns whether a response means that the API has rejected the token. Evertoken then replaces the token and sends the
   * request again, once.
   *
   * It gets a copy of each response to a request with the token, so it can read the body. Check the status first, because a body
   * may be long. An error that it throws reaches your call.
   *
   * @default A 401, unless its challenge names another cause or only other schemes.
   * @example
   *   const isTokenRejected = async (response: Response) =>
   *     response.status === 200 && (await response.json()).error === 'token_expired' // Slack
   * @see {@link https://www.rfc-editor.org/rfc/rfc6750#section-3.1 RFC 6750, section 3.1: Error Codes}
   */
  readonly isTokenRejected?: IsTokenRejected
}

/** The settings of a token fetch: which URLs get the token, and which token they get. Default `token`: `'user'`. */
export type TokenFetchOptions<Name extends TokenName = UserTokenName> = CarryOptions &
  (WhoseToken<Name> | (TokenParameters & { readonly token?: never }))

/** The checked options. */
export type TokenFetchValues = Checked<
  CarryOptions & TokenParameters,
  keyof TokenParameters | 'baseUrl' | 'fetch' | 'isTokenRejected' | 'minValiditySeconds'
> & { readonly token: TokenName | TokenSource }

const TOKEN_FETCH_OPTIONS: OptionTable<TokenFetchValues> = {
  ...TOKEN_PARAMETERS,
  insecureHosts: [hostNames, []],
  baseUrl: [url],
  allowedUrls: [listOf(url), []],
  fetch: [hook],
  minValiditySeconds: [seconds],
  throwTokenErrors: [flag, false],
  isTokenRejected: [hook],
  token: [tokenCheck('user', 'client', 'user-or-client'), 'user'],
}

/** @throws {ConfigurationError} If an option is unknown or invalid. */
export function checkTokenFetchOptions(options: TokenFetchOptions<TokenName>): TokenFetchValues {
  const values = checkAll<TokenFetchValues>(TOKEN_FETCH_OPTIONS, options)
  checkRequest(values)
  return values
}

/** @param names - The names that are allowed in place of a source. */
export function tokenCheck(...names: readonly string[]): Check {
  const isName = oneOf(...names)
  return (value) => {
    const problem = isTokenSource(value) ? undefined : isName(value)
    return problem && `${problem}, or a value from \`@evertoken/core/grants\``
  }
}

/** @throws {ConfigurationError} If there is a source and a request. The source contains its request. */
export function checkRequest(
  values: { readonly [Name in keyof TokenParameters | 'token']?: unknown },
  prefix = '',
): void {
  if (!isTokenSource(values.token)) return
  const given = PARAMETER_NAMES.find((name) => values[name] !== undefined)
  if (given) throw invalid(prefix + given, 'has no effect. Pass it to the function that creates `token`')
}
