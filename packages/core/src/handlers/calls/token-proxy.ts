import { isOfApplication } from '../../mechanisms/calls/rejected-token.ts'
import { discardBody } from '../../mechanisms/calls/with-headers.ts'
import { redact } from '../../mechanisms/runtime/redact.ts'
import { type ApplicationPath, applicationPaths } from '../../rules/browser/base-path.ts'
import { type ForwardedStyle, forwardedHeaders, headersForApi } from '../../rules/calls/proxied-headers.ts'
import { findTarget, type ProxyTarget, toProxyPath, toTargetUrl } from '../../rules/calls/proxy-target.ts'
import { isRedirect } from '../../rules/calls/redirect.ts'
import { isDocumentNavigation, mayBeForged } from '../../rules/browser/same-site.ts'
import { type EventListener, EvertokenError } from '../../vocabulary/index.ts'
import { crossSiteProblem, problem, problemFor } from '../problem.ts'
import { relayResponse } from './relay.ts'
import type { TokenFetch } from './token-fetch.ts'

const PROBLEMS = {
  navigation_refused: [403, 'Cannot show the response as a page. Call the route with `fetch()`.'],
  method_refused: [405, 'Cannot pass the request on: add its method to `methods` of the route.'],
  path_refused: [400, 'Cannot pass the request on: its path could leave the API.'],
  upgrade_refused: [501, 'Cannot open a WebSocket: set `webSocket`, on Cloudflare Workers.'],
  redirect_refused: [502, 'Cannot pass the redirect on: its destination is not below `target`.'],
  api_unavailable: [502, 'Cannot reach the API: try again later'],
} as const

/** Sends a request to a remote API and returns the response. Resolves to `undefined` if no route matches. */
export type TokenProxy = (request: Request) => Promise<Response | undefined>

export interface ProxyRoute extends ProxyTarget {
  /** Sends the request, with a token if the route needs one. Follows no redirects. */
  readonly send: TokenFetch
  /** Whether the response may depend on the user. */
  readonly isPersonal: boolean
  readonly forwarded: ForwardedStyle | undefined
  readonly prepareHeaders: ((headers: Headers, request: Request) => void) | undefined
  readonly webSocket: boolean
  readonly methods: readonly string[] | undefined
  /** Names of further request headers that the API gets, in lower case. */
  readonly requestHeaders: readonly string[]
  readonly responseHeaders: readonly string[]
}

/** The facts about the application that the proxy needs. */
export interface ProxyContext {
  /** The origin of the application in browsers. `undefined` if it is the origin of the request. */
  readonly origin: string | undefined
  /** The prefix that browsers use for all paths. */
  readonly basePath: string
  readonly emit: EventListener
}

/** @param routes - Sorted by precision, with the most precise first. */
export function tokenProxy(routes: readonly ProxyRoute[], context: () => ProxyContext): TokenProxy {
  return async (request) => {
    const url = new URL(request.url)
    const found = findRoute(url.pathname, context().basePath, routes)
    if (!found) return undefined
    const { route, path, prefix } = found
    const { origin = url.origin, emit } = context()
    if (mayBeForged(request.headers, origin)) return crossSiteProblem()
    // The response of the API would run as a page of this application, with all its rights.
    if (isDocumentNavigation(request.headers)) return proxyProblem('navigation_refused')
    if (route.methods && !route.methods.includes(request.method)) return methodRefused(route.methods)
    const target = toTargetUrl({ pathname: path, search: url.search }, route)
    if (!target) return proxyProblem('path_refused')
    const isUpgrade = /\bwebsocket\b/i.test(request.headers.get('upgrade') ?? '')
    if (isUpgrade && !route.webSocket) return proxyProblem('upgrade_refused')
    const init = createApiRequest(request, route, origin + prefix, isUpgrade)
    try {
      return createBrowserResponse(await route.send(target, init), target, route, prefix)
    } catch (error) {
      if (request.signal.aborted) throw request.signal.reason
      if (isOfApplication(error)) throw error
      // The `fetch` of Node wraps the error of a body that cannot be read.
      const own = [error, (Object(error) as Error).cause].find((each) => each instanceof EvertokenError)
      if (own) return problemFor(own)
      emit({ type: 'proxy_failed', target: route.target.origin, cause: redact(error) })
      return proxyProblem('api_unavailable')
    }
  }
}

/** Patterns are below the base path. One that contains the base path is accepted too. */
function findRoute(
  pathname: string,
  basePath: string,
  routes: readonly ProxyRoute[],
): (ApplicationPath & { readonly route: ProxyRoute }) | undefined {
  for (const each of applicationPaths(pathname, basePath)) {
    const route = findTarget(each.path, routes)
    if (route) return { ...each, route }
  }
  return undefined
}

function createApiRequest(
  request: Request,
  route: ProxyRoute,
  baseUrl: string,
  isUpgrade: boolean,
): RequestInit {
  const { method, body, signal } = request
  const headers = headersForApi(request.headers, body !== null, route.requestHeaders)
  if (route.forwarded) {
    for (const [name, value] of forwardedHeaders(route.forwarded, baseUrl, route.path)) {
      headers.set(name, value)
    }
  }
  if (isUpgrade) headers.set('upgrade', 'websocket')
  route.prepareHeaders?.(headers, request)
  const init = { method, headers, signal, redirect: 'manual', duplex: 'half' } as const
  return body ? { ...init, body } : init
}

/** Returns the response for the browser. The browser follows a redirect only if it points to this proxy. */
function createBrowserResponse(response: Response, from: URL, route: ProxyRoute, prefix: string): Response {
  const location = response.headers.get('location')
  const path = location === null ? undefined : toProxyPath(location, from, route)
  if (location !== null && path === undefined && isRedirect(response.status)) {
    discardBody(response.body)
    return proxyProblem('redirect_refused')
  }
  const result = relayResponse(response, route.isPersonal, route.responseHeaders)
  if (path !== undefined) result.headers.set('location', prefix + path)
  else result.headers.delete('location')
  return result
}

function methodRefused(methods: readonly string[]): Response {
  const refused = proxyProblem('method_refused')
  refused.headers.set('allow', methods.join(', '))
  return refused
}

function proxyProblem(code: keyof typeof PROBLEMS): Response {
  const [status, message] = PROBLEMS[code]
  return problem(status, { code, message })
}
