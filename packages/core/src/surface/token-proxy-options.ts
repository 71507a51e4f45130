import { TOKEN_PARAMETERS } from './token-parameter-checks.ts'
import type { TokenFetch } from '../handlers/calls/token-fetch.ts'
import type { IsTokenRejected } from '../mechanisms/calls/rejected-token.ts'
import type { TokenParameters } from '../model/token-parameters.ts'
import type { ForwardedStyle } from '../rules/calls/proxied-headers.ts'
import {
  type Check,
  type Checked,
  checkAll,
  flag,
  hook,
  hostNames,
  listOf,
  mustMatch,
  oneOf,
  type OptionTable,
  REQUIRED,
  url,
} from './checks.ts'
import { requestHeaders, responseHeaders } from './relay.ts'
import { checkRequest, tokenCheck } from './token-fetch-options.ts'
import type { TokenName, TokenSource, UserTokenName, WhoseToken } from './token-source.ts'

/** The target of the requests for a path, and their token and headers. */
export interface ProxyOptions {
  /**
   * The URL that the path maps to. If the path ends in `/*`, all paths below it map to URLs below the target.
   *
   * It must use https, or http on loopback or for `insecureHosts`. Paths that a server could read as outside of the target, such as `..%2f`, get 400
   * with the code `path_refused`.
   *
   * @example
   *   const proxy = auth.createTokenProxy({ '/api/*': { target: 'https://api.example.com/v1/', token: 'user' } })
   */
  readonly target: string
  /**
   * Names of hosts that can use plain http, such as `['keycloak']` in a cluster or in Docker Compose.
   *
   * It applies to `target`. Other programs in that network can read the tokens and secrets, so list only hosts of a network
   * that you trust.
   *
   * @default [], which allows plain http on loopback only
   */
  readonly insecureHosts?: readonly string[]
  /**
   * The allowed methods, such as `['GET', 'HEAD']`. Other methods get 405 with the code `method_refused`.
   *
   * List only those that your pages use. A script that an attacker injects into a page can use all of them.
   *
   * @default all methods
   */
  readonly methods?: readonly string[]
  /**
   * Names of further request headers that the API gets, such as `X-Api-Version`. It never gets cookies.
   *
   * @default []
   */
  readonly allowRequestHeaders?: readonly string[]
  /**
   * Names of further response headers that the browser gets. Headers that could set a cookie or change the rules of your origin
   * cannot be allowed.
   *
   * @default []
   */
  readonly allowResponseHeaders?: readonly string[]
  /**
   * The headers that show the API its address in the browser. By default, they are not sent.
   *
   * @see {@link https://www.rfc-editor.org/rfc/rfc7239#section-4 RFC 7239, section 4: Forwarded HTTP Header Field}
   */
  readonly forwarded?: ForwardedStyle
  /**
   * Changes the headers of the request to the API after all others are set, except `Authorization`. The second argument is the
   * request of the browser, with all its headers.
   *
   * @example
   *   const prepareHeaders = (headers: Headers) => headers.set('x-api-key', process.env.API_KEY ?? '')
   */
  readonly prepareHeaders?: (headers: Headers, request: Request) => void
  /**
   * Whether WebSockets are allowed. Only the `fetch` of Cloudflare Workers can open them. Otherwise, they get 501.
   *
   * @default false
   */
  readonly webSocket?: boolean
  /**
   * The `fetch` for the calls, such as a service binding.
   *
   * @default the `fetch` of the runtime
   */
  readonly fetch?: TokenFetch
  /**
   * Returns whether a response means that the API has rejected the token. It is the same as the option of `createTokenFetch`.
   *
   * @default A 401, unless its challenge names another cause or only other schemes.
   */
  readonly isTokenRejected?: IsTokenRejected
}

/**
 * The target of the requests for a path, and their token and headers.
 *
 * `user`: without a token, the response is 401. `user-or-none`: the token is optional. `none`: no token is sent.
 */
export type TokenProxyRoute<Name extends TokenName = UserTokenName> = ProxyOptions &
  WhoseToken<Name | 'user-or-none' | 'none'>

/**
 * Routes by path, such as `/api/me`, or `/api/orders/*` for all paths below it. The most precise path wins, in any
 * order.
 */
export type TokenProxyRoutes<Name extends TokenName = UserTokenName> = Readonly<
  Record<`/${string}`, TokenProxyRoute<Name>>
>

/** The checked options of one route. */
export type TokenProxyValues = Checked<
  ProxyOptions & TokenParameters,
  keyof TokenParameters | 'methods' | 'forwarded' | 'prepareHeaders' | 'fetch' | 'isTokenRejected'
> & { readonly token: TokenName | TokenSource | 'user-or-none' | 'none' }

const METHOD = mustMatch('contain methods in capitals', /^[A-Z]+$/)
const methods: Check = (value) =>
  Array.isArray(value) && value.length === 0 ? 'must name a method' : listOf(METHOD)(value)

const ROUTE_OPTIONS: OptionTable<TokenProxyValues> = {
  ...TOKEN_PARAMETERS,
  insecureHosts: [hostNames, []],
  target: [url, REQUIRED],
  token: [tokenCheck('user', 'user-or-none', 'none', 'client', 'user-or-client'), REQUIRED],
  methods: [methods],
  allowRequestHeaders: [requestHeaders, []],
  allowResponseHeaders: [responseHeaders, []],
  forwarded: [oneOf('forwarded', 'x-forwarded')],
  prepareHeaders: [hook],
  webSocket: [flag, false],
  fetch: [hook],
  isTokenRejected: [hook],
}

/** @throws {ConfigurationError} If an option is missing, unknown or invalid. The message names the route. */
export function checkTokenProxyRoute(pattern: string, route: TokenProxyRoute<TokenName>): TokenProxyValues {
  const values = checkAll<TokenProxyValues>(ROUTE_OPTIONS, route, `${pattern}.`)
  checkRequest(values, `${pattern}.`)
  return values
}
