import { type TokenFetch, tokenFetch } from '../handlers/calls/token-fetch.ts'
import { type ProxyRoute, type TokenProxy, tokenProxy } from '../handlers/calls/token-proxy.ts'
import type { ForwardedStyle } from '../rules/calls/forwarded-headers.ts'
import { type AllowedPrefix, parsePrefix } from '../rules/calls/allowed-urls.ts'
import { byPrecision, parseProxyTarget } from '../rules/calls/proxy-target.ts'
import type { TokenParameters } from '../model/token-parameters.ts'
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
  TOKEN_PARAMETERS,
  url,
} from './checks.ts'
import { lowerCase, requestHeaders, responseHeaders } from './relay.ts'
import { checkRequest, holding, tokenCheck, tokenGetter } from './token-fetch-options.ts'
import type { TokenName, TokenSource, UserTokenName, WhoseToken } from './token-source.ts'

/** The target of the requests for a path, and their token and headers. */
export interface ProxyOptions {
  /** The URL that the path maps to. If the path ends in `/*`, all paths below it map to URLs below the target. */
  readonly target: string
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
  Record<string, TokenProxyRoute<Name>>
>

type Values = Checked<
  ProxyOptions & TokenParameters,
  keyof TokenParameters | 'methods' | 'forwarded' | 'prepareHeaders' | 'fetch'
> & { readonly token: TokenName | TokenSource | 'user-or-none' | 'none' }

const METHOD = mustMatch('contain methods in capitals', /^[A-Z]+$/)
const methods: Check = (value) =>
  Array.isArray(value) && value.length === 0 ? 'must name a method' : listOf(METHOD)(value)

const ROUTE_OPTIONS: OptionTable<Values> = {
  ...TOKEN_PARAMETERS,
  target: [url, REQUIRED],
  token: [tokenCheck('user', 'user-or-none', 'none', 'client', 'user-or-client'), REQUIRED],
  methods: [methods],
  allowRequestHeaders: [requestHeaders, []],
  allowResponseHeaders: [responseHeaders, []],
  forwarded: [oneOf('forwarded', 'x-forwarded')],
  prepareHeaders: [hook],
  webSocket: [flag, false],
  fetch: [hook],
}

/** @throws {ConfigurationError} If an option is missing, unknown or invalid. */
export function createBoundTokenProxy(
  bound: () => BoundSession,
  routes: TokenProxyRoutes<TokenName>,
): TokenProxy {
  const checked = Object.entries(routes).map(([pattern, route]) => checkRoute(bound, pattern, route))
  return tokenProxy(checked.toSorted(byPrecision), bound)
}

function checkRoute(
  bound: () => BoundSession,
  pattern: string,
  route: TokenProxyRoute<TokenName>,
): ProxyRoute {
  const values = checkAll<Values>(ROUTE_OPTIONS, route, `${pattern}.`)
  checkRequest(values, `${pattern}.`)
  const parsed = parseProxyTarget(pattern, parsePrefix(values.target) as AllowedPrefix)
  if (!parsed) throw invalid(pattern, 'must be a path, such as "/api/me", or one that ends in "/*"')
  const bare = holding(bound, values.fetch)
  const policy = {
    baseUrl: undefined,
    prefixes: [parsed.target],
    fetch: bare,
    throwTokenErrors: true,
  } as const
  const { token } = values
  const whose = token === 'user-or-none' || token === 'none' ? 'user' : token
  const withToken = tokenFetch(tokenGetter(whose, values as TokenParameters, bound), policy)
  return {
    ...values,
    ...parsed,
    send: sender(withToken, bare, values.token),
    isPersonal: values.token !== 'none',
    requestHeaders: lowerCase(values.allowRequestHeaders),
    responseHeaders: lowerCase(values.allowResponseHeaders),
  }
}

function sender(withToken: TokenFetch, bare: TokenFetch, token: Values['token']): TokenFetch {
  if (token === 'none') return bare
  if (token !== 'user-or-none') return withToken
  return (input, init) =>
    withToken(input, init).catch((error: unknown) => {
      // The proxy has sent nothing yet, because the token comes first.
      if (error instanceof SignInRequiredError) return bare(input, init)
      throw error
    })
}
