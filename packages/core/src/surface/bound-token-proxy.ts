import { type TokenFetch, tokenFetch } from '../handlers/calls/token-fetch.ts'
import { type ProxyRoute, type TokenProxy, tokenProxy } from '../handlers/calls/token-proxy.ts'
import type { TokenParameters } from '../model/token-parameters.ts'
import { type AllowedPrefix, parsePrefix } from '../rules/calls/allowed-urls.ts'
import { byPrecision, parseProxyTarget } from '../rules/calls/proxy-target.ts'
import { pick } from '../rules/members.ts'
import { SignInRequiredError } from '../vocabulary/index.ts'
import type { BoundSession } from './bound-session.ts'
import { createCredentialSource, receiver, runtimeFetch } from './bound-token-fetch.ts'
import { invalid } from './checks.ts'
import { PARAMETER_NAMES } from './token-parameter-checks.ts'
import { lowerCase } from './relay.ts'
import {
  checkTokenProxyRoute,
  type TokenProxyRoute,
  type TokenProxyRoutes,
  type TokenProxyValues,
} from './token-proxy-options.ts'
import type { TokenName } from './token-source.ts'

/**
 * Creates a token proxy.
 *
 * @param find - Finds the session, at every call.
 * @throws {ConfigurationError} If an option is missing, unknown or invalid.
 */
export function createBoundTokenProxy(
  find: () => BoundSession,
  routes: TokenProxyRoutes<TokenName>,
): TokenProxy {
  const checked = Object.entries(routes).map(([pattern, route]) => createRoute(find, pattern, route))
  return tokenProxy(checked.toSorted(byPrecision), () => find().application)
}

function createRoute(
  find: () => BoundSession,
  pattern: string,
  route: TokenProxyRoute<TokenName>,
): ProxyRoute {
  const values = checkTokenProxyRoute(pattern, route)
  const parsed = parseProxyTarget(pattern, parsePrefix(values.target, values.insecureHosts) as AllowedPrefix)
  if (!parsed) throw invalid(pattern, 'must be a path, such as `/api/me`, or one that ends in `/*`')
  const { token, methods, forwarded, prepareHeaders, webSocket } = values
  const receive = receiver(find)
  const { fetch = runtimeFetch } = values
  const bare: TokenFetch = async (input, init) => receive(await fetch(input, init))
  const policy = {
    baseUrl: undefined,
    prefixes: [parsed.target],
    fetch,
    receive,
    throwTokenErrors: true,
    isTokenRejected: values.isTokenRejected,
  } as const
  const owner = token === 'user-or-none' || token === 'none' ? 'user' : token
  const wanted = pick(values, PARAMETER_NAMES) as TokenParameters
  const personal = tokenFetch(createCredentialSource(owner, wanted, find), policy)
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
function chooseSender(token: TokenProxyValues['token'], personal: TokenFetch, bare: TokenFetch): TokenFetch {
  if (token === 'none') return bare
  if (token !== 'user-or-none') return personal
  return (input, init) =>
    personal(input, init).catch((error: unknown) => {
      // The proxy has sent nothing yet, because the token comes first.
      if (error instanceof SignInRequiredError) return bare(input, init)
      throw error
    })
}
