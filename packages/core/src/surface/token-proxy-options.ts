import type { TokenFetch } from '../handlers/token-fetch.ts'
import { type ProxyRoute, type TokenProxy, tokenProxy } from '../handlers/token-proxy.ts'
import type { ForwardedStyle } from '../rules/forwarded-headers.ts'
import { byPrecision, parseProxyTarget } from '../rules/proxy-target.ts'
import type { TokenRequest } from '../rules/token-key.ts'
import { SignInRequiredError } from '../vocabulary/index.ts'
import type { BoundSession } from './bound-session.ts'
import { checkUrl, invalid } from './options.ts'
import { createBoundTokenFetch, holding } from './token-fetch-options.ts'

/** Where the requests for a path go, and with what. */
export interface TokenProxyRoute extends TokenRequest {
  /** The URL that stands for the path, or for all below it when the path ends in `/*`. */
  readonly target: string
  /** Whose token goes along: the `user`'s or the request is answered with 401; the `user`'s or `none`; or `none`. */
  readonly token: 'user' | 'user-or-none' | 'none'
  /** Tells the API under which address the browser knows it. Default: it is not told. */
  readonly forwarded?: ForwardedStyle
  /** Changes the headers of the request to the API after all others are in place but `Authorization`. */
  readonly prepareHeaders?: (headers: Headers, request: Request) => void
  /** Whether WebSockets pass; only the `fetch` of Cloudflare Workers can open them. Default false: 501. */
  readonly webSocket?: boolean
  /** For the calls themselves. Default: the runtime's; a service binding fits. */
  readonly fetch?: TokenFetch
}

/** By path, such as `/api/me`, or `/api/orders/*` for all below. The most precise one counts, wherever it stands. */
export type TokenProxyRoutes = Readonly<Record<string, TokenProxyRoute>>

const KNOWN: Record<keyof TokenProxyRoute, true> = {
  target: true,
  token: true,
  resource: true,
  scope: true,
  parameters: true,
  forwarded: true,
  prepareHeaders: true,
  webSocket: true,
  fetch: true,
}

/** @throws ConfigurationError when an option is missing, unknown or wrong. */
export function createBoundTokenProxy(bound: () => BoundSession, routes: TokenProxyRoutes): TokenProxy {
  const checked = Object.entries(routes).map(([pattern, route]) => checkRoute(bound, pattern, route))
  return tokenProxy(checked.toSorted(byPrecision), bound)
}

function checkRoute(bound: () => BoundSession, pattern: string, route: TokenProxyRoute): ProxyRoute {
  const unknown = Object.keys(route).find((name) => !Object.hasOwn(KNOWN, name))
  if (unknown !== undefined) throw invalid(`${pattern}.${unknown}`, 'is not an option: check its spelling')
  const { token, forwarded, prepareHeaders, webSocket = false } = route
  if (forwarded !== undefined && forwarded !== 'forwarded' && forwarded !== 'x-forwarded')
    throw invalid(`${pattern}.forwarded`, 'must be "forwarded" or "x-forwarded"')
  const parsed = parseProxyTarget(pattern, checkUrl(`${pattern}.target`, route.target))
  if (!parsed) throw invalid(pattern, 'must be a path, such as "/api/me", or one that ends in "/*"')
  const { origin, pathname } = parsed.target
  const send = sender(bound, origin + pathname, pattern, route)
  return { ...parsed, send, isPersonal: token !== 'none', forwarded, prepareHeaders, webSocket }
}

function sender(
  bound: () => BoundSession,
  baseUrl: string,
  pattern: string,
  route: TokenProxyRoute,
): TokenFetch {
  const bare: TokenFetch = holding(bound, route.fetch)
  const withToken = createBoundTokenFetch(bound, { ...route, baseUrl, withoutToken: 'throw' })
  switch (route.token) {
    case 'user':
      return withToken
    case 'user-or-none':
      return (input, init) =>
        withToken(input, init).catch((error: unknown) => {
          // Nothing has been sent yet: the token comes first.
          if (error instanceof SignInRequiredError) return bare(input, init)
          throw error
        })
    case 'none':
      return bare
    default:
      throw invalid(`${pattern}.token`, 'must be "user", "user-or-none" or "none"')
  }
}
