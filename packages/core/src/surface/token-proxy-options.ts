import type { TokenFetch } from '../handlers/calls/token-fetch.ts'
import { type ProxyRoute, type TokenProxy, tokenProxy } from '../handlers/calls/token-proxy.ts'
import type { ForwardedStyle } from '../rules/calls/forwarded-headers.ts'
import { type AllowedPrefix, parsePrefix } from '../rules/calls/allowed-urls.ts'
import { byPrecision, parseProxyTarget } from '../rules/calls/proxy-target.ts'
import type { TokenRequest } from '../model/token-parameters.ts'
import { SignInRequiredError } from '../vocabulary/index.ts'
import type { BoundSession } from './bound-session.ts'
import {
  type Check,
  type Checked,
  checkAll,
  flag,
  hook,
  invalid,
  listOf,
  mustMatch,
  oneOf,
  type OptionTable,
  REQUIRED,
  TOKEN_REQUEST,
  url,
} from './checks.ts'
import { lowerCase, requestHeaders, responseHeaders } from './relay.ts'
import { carrying, holding } from './token-fetch-options.ts'

/** The target of the requests for a path, and their token and headers. */
export interface TokenProxyRoute extends TokenRequest {
  /** The URL that the path maps to. If the path ends in `/*`, all paths below it map to URLs below the target. */
  readonly target: string
  /**
   * The token of the request. `user`: without a token, the response is 401. `user-or-none`: the token is optional.
   * `none`: no token is sent.
   */
  readonly token: 'user' | 'user-or-none' | 'none'
  /** The allowed methods, such as `['GET', 'HEAD']`. Default: all. Other methods get 405. */
  readonly methods?: readonly string[]
  /** Names of further request headers that the API gets, such as `X-Api-Version`. */
  readonly allowRequestHeaders?: readonly string[]
  /** Names of further response headers that the browser gets. */
  readonly allowResponseHeaders?: readonly string[]
  /** The headers that show the API its address in the browser. By default, they are not sent. */
  readonly forwarded?: ForwardedStyle
  /** Changes the headers of the request to the API after all others are set, except `Authorization`. */
  readonly prepareHeaders?: (headers: Headers, request: Request) => void
  /** Whether WebSockets are allowed. Only the `fetch` of Cloudflare Workers can open them. Default false: 501. */
  readonly webSocket?: boolean
  /** The `fetch` for the calls, such as a service binding. Default: the `fetch` of the runtime. */
  readonly fetch?: TokenFetch
}

/**
 * Routes by path, such as `/api/me`, or `/api/orders/*` for all paths below it. The most precise path wins, in any
 * order.
 */
export type TokenProxyRoutes = Readonly<Record<string, TokenProxyRoute>>

type Values = Checked<
  TokenProxyRoute,
  keyof TokenRequest | 'methods' | 'forwarded' | 'prepareHeaders' | 'fetch'
>

const METHOD = mustMatch('contain methods in capitals', /^[A-Z]+$/)
const methods: Check = (value) =>
  Array.isArray(value) && value.length === 0 ? 'must name a method' : listOf(METHOD)(value)

const ROUTE_OPTIONS: OptionTable<Values> = {
  ...TOKEN_REQUEST,
  target: [url, REQUIRED],
  token: [oneOf('user', 'user-or-none', 'none'), REQUIRED],
  methods: [methods],
  allowRequestHeaders: [requestHeaders, []],
  allowResponseHeaders: [responseHeaders, []],
  forwarded: [oneOf('forwarded', 'x-forwarded')],
  prepareHeaders: [hook],
  webSocket: [flag, false],
  fetch: [hook],
}

/** @throws {ConfigurationError} If an option is missing, unknown or invalid. */
export function createBoundTokenProxy(bound: () => BoundSession, routes: TokenProxyRoutes): TokenProxy {
  const checked = Object.entries(routes).map(([pattern, route]) => checkRoute(bound, pattern, route))
  return tokenProxy(checked.toSorted(byPrecision), bound)
}

function checkRoute(bound: () => BoundSession, pattern: string, route: TokenProxyRoute): ProxyRoute {
  const values = checkAll<Values>(ROUTE_OPTIONS, route, `${pattern}.`)
  const parsed = parseProxyTarget(pattern, parsePrefix(values.target) as AllowedPrefix)
  if (!parsed) throw invalid(pattern, 'must be a path, such as "/api/me", or one that ends in "/*"')
  const bare = holding(bound, values.fetch)
  const policy = {
    baseUrl: undefined,
    prefixes: [parsed.target],
    fetch: bare,
    withoutToken: 'throw',
  } as const
  const withToken = carrying(bound, values as TokenRequest, policy)
  return {
    ...values,
    ...parsed,
    send: sender(withToken, bare, values.token),
    isPersonal: values.token !== 'none',
    requestHeaders: lowerCase(values.allowRequestHeaders),
    responseHeaders: lowerCase(values.allowResponseHeaders),
  }
}

function sender(withToken: TokenFetch, bare: TokenFetch, token: TokenProxyRoute['token']): TokenFetch {
  if (token === 'user') return withToken
  if (token === 'none') return bare
  return (input, init) =>
    withToken(input, init).catch((error: unknown) => {
      // The proxy has sent nothing yet, because the token comes first.
      if (error instanceof SignInRequiredError) return bare(input, init)
      throw error
    })
}
