import type { TokenFetch } from '../handlers/calls/token-fetch.ts'
import { type ProxyRoute, type TokenProxy, tokenProxy } from '../handlers/calls/token-proxy.ts'
import type { TokenParameters } from '../model/token-parameters.ts'
import { type AllowedPrefix, parsePrefix } from '../rules/calls/allowed-urls.ts'
import { byPrecision, parseProxyTarget } from '../rules/calls/proxy-target.ts'
import { SignInRequiredError } from '../vocabulary/index.ts'
import type { BoundSession } from './bound-session.ts'
import { holdResponses, withToken } from './bound-token-fetch.ts'
import { invalid } from './checks.ts'
import { lowerCase } from './relay.ts'
import { checkTokenProxyRoute, type TokenProxyRoute, type TokenProxyRoutes } from './token-proxy-options.ts'

/**
 * Creates a token proxy.
 *
 * @param find - Finds the session, at every call.
 * @throws {ConfigurationError} If an option is missing, unknown or invalid.
 */
export function createBoundTokenProxy(find: () => BoundSession, routes: TokenProxyRoutes): TokenProxy {
  const checked = Object.entries(routes).map(([pattern, route]) => createRoute(find, pattern, route))
  return tokenProxy(checked.toSorted(byPrecision), () => find().application)
}

function createRoute(find: () => BoundSession, pattern: string, route: TokenProxyRoute): ProxyRoute {
  const values = checkTokenProxyRoute(pattern, route)
  const parsed = parseProxyTarget(pattern, parsePrefix(values.target) as AllowedPrefix)
  if (!parsed) throw invalid(pattern, 'must be a path, such as `/api/me`, or one that ends in `/*`')
  const { resource, scope, parameters, token, methods, forwarded, prepareHeaders, webSocket } = values
  const bare = holdResponses(find, values.fetch)
  const policy = {
    baseUrl: undefined,
    prefixes: [parsed.target],
    fetch: bare,
    throwTokenErrors: true,
  } as const
  const personal = withToken(find, { resource, scope, parameters } as TokenParameters, policy)
  return {
    ...parsed,
    send: chooseSender(token, personal, bare),
    isPersonal: token !== 'none',
    methods,
    forwarded,
    prepareHeaders,
    webSocket,
    requestHeaders: lowerCase(values.allowRequestHeaders),
    responseHeaders: lowerCase(values.allowResponseHeaders),
  }
}

/** @param personal - Sends the token of the user. @param bare - Sends no token. */
function chooseSender(token: TokenProxyRoute['token'], personal: TokenFetch, bare: TokenFetch): TokenFetch {
  if (token === 'user') return personal
  if (token === 'none') return bare
  return (input, init) =>
    personal(input, init).catch((error: unknown) => {
      // The proxy has sent nothing yet, because the token comes first.
      if (error instanceof SignInRequiredError) return bare(input, init)
      throw error
    })
}
