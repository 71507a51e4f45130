import type { TokenFetch } from '../handlers/token-fetch.ts'
import { type ProxyRoute, type TokenProxy, tokenProxy } from '../handlers/token-proxy.ts'
import type { ForwardedStyle } from '../rules/forwarded-headers.ts'
import { byPrecision, parseProxyTarget } from '../rules/proxy-target.ts'
import type { TokenRequest } from '../rules/token-key.ts'
import { SignInRequiredError } from '../vocabulary/index.ts'
import type { BoundSession } from './bound-session.ts'
import { checkNothingElse, checkUrl, invalid, oneOf } from './checks.ts'
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

/** @throws ConfigurationError when an option is missing, unknown or wrong. */
export function createBoundTokenProxy(bound: () => BoundSession, routes: TokenProxyRoutes): TokenProxy {
  const checked = Object.entries(routes).map(([pattern, route]) => checkRoute(bound, pattern, route))
  return tokenProxy(checked.toSorted(byPrecision), bound)
}

function checkRoute(bound: () => BoundSession, pattern: string, route: TokenProxyRoute): ProxyRoute {
  const { target, token, resource, scope, parameters, fetch, ...others } = route
  const { forwarded, prepareHeaders, webSocket = false, ...rest } = others
  checkNothingElse(rest, `${pattern}.`)
  oneOf([undefined, 'forwarded', 'x-forwarded'])(`${pattern}.forwarded`, forwarded)
  oneOf(['user', 'user-or-none', 'none'])(`${pattern}.token`, token)
  const parsed = parseProxyTarget(pattern, checkUrl(`${pattern}.target`, target))
  if (!parsed) throw invalid(pattern, 'must be a path, such as "/api/me", or one that ends in "/*"')
  const { origin, pathname } = parsed.target
  const bare = holding(bound, fetch)
  const wanted = { resource, scope, parameters, fetch } as TokenRequest & { fetch?: TokenFetch }
  const options = { ...wanted, baseUrl: origin + pathname, withoutToken: 'throw' } as const
  const send = token === 'none' ? bare : sender(createBoundTokenFetch(bound, options), bare, token)
  return { ...parsed, send, isPersonal: token !== 'none', forwarded, prepareHeaders, webSocket }
}

function sender(withToken: TokenFetch, bare: TokenFetch, token: 'user' | 'user-or-none'): TokenFetch {
  if (token === 'user') return withToken
  return (input, init) =>
    withToken(input, init).catch((error: unknown) => {
      // Nothing has been sent yet: the token comes first.
      if (error instanceof SignInRequiredError) return bare(input, init)
      throw error
    })
}
