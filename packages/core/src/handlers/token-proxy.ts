import { redact } from '../mechanisms/redact.ts'
import { type ForwardedStyle, forwardedHeaders } from '../rules/forwarded-headers.ts'
import { headersForApi, headersForBrowser } from '../rules/proxy-headers.ts'
import { findTarget, type ProxyTarget, toProxyPath, toTargetUrl } from '../rules/proxy-target.ts'
import { isRedirect } from '../rules/redirect.ts'
import { mayBeForged } from '../rules/same-site.ts'
import {
  ConfigurationError,
  type EventListener,
  EvertokenError,
  RequestRefusedError,
  TryLaterError,
} from '../vocabulary/index.ts'
import { forged } from './anti-forgery.ts'
import { problem, problemFor } from './problem.ts'
import type { TokenFetch } from './token-fetch.ts'

/** Answers a request for a remote API; resolves to `undefined` when no route of it matches. */
export type TokenProxy = (request: Request) => Promise<Response | undefined>

export interface ProxyRoute extends ProxyTarget {
  /** Sends the request, with the token where one is wanted, and follows no redirect. */
  readonly send: TokenFetch
  /** Whether the answer may depend on the user. */
  readonly isPersonal: boolean
  readonly forwarded: ForwardedStyle | undefined
  readonly prepareHeaders: ((headers: Headers, request: Request) => void) | undefined
  readonly webSocket: boolean
}

/** What the proxy has to know about the application. */
export interface ProxyContext {
  /** Where browsers find it; `undefined` when as the request says. */
  readonly origin: string | undefined
  readonly emit: EventListener
}

/** @param routes - The most precise first. */
export function tokenProxy(routes: readonly ProxyRoute[], context: () => ProxyContext): TokenProxy {
  return async (request) => {
    const url = new URL(request.url)
    const route = findTarget(url.pathname, routes)
    if (!route) return undefined
    const { origin = url.origin, emit } = context()
    // A navigation is no exception here: what the API answers would run as a page of this application.
    if (mayBeForged(request.headers, origin)) return forged()
    const target = toTargetUrl(url, route)
    if (!target) return problemFor(pathRefused())
    const isUpgrade = /\bwebsocket\b/i.test(request.headers.get('upgrade') ?? '')
    if (isUpgrade && !route.webSocket) return problem(501, upgradeRefused())
    const init = outgoing(request, route, origin, isUpgrade)
    try {
      const response = await route.send(target, init)
      return await incoming(response, target, route)
    } catch (error) {
      if (request.signal.aborted) throw request.signal.reason
      if (error instanceof EvertokenError) return problemFor(error)
      emit({ type: 'proxy_failed', target: route.target.origin, cause: redact(error) })
      return problem(502, new TryLaterError('api_unavailable', 'Cannot reach the API: try again later'))
    }
  }
}

function outgoing(request: Request, route: ProxyRoute, origin: string, isUpgrade: boolean): RequestInit {
  const { method, body, signal } = request
  const headers = headersForApi(request.headers, body !== null)
  if (route.forwarded) {
    for (const [name, value] of forwardedHeaders(route.forwarded, origin, route.path)) {
      headers.set(name, value)
    }
  }
  if (isUpgrade) headers.set('upgrade', 'websocket')
  route.prepareHeaders?.(headers, request)
  const init: RequestInit & { duplex: 'half' } = {
    method,
    headers,
    signal,
    redirect: 'manual',
    duplex: 'half',
  }
  return body ? { ...init, body } : init
}

/** The answer as the browser gets it. A redirect is its to follow, as long as it leads to this proxy again. */
async function incoming(response: Response, from: URL, route: ProxyRoute): Promise<Response> {
  const { status, statusText, body } = response
  // Only Workers get here: the socket hangs on this very object.
  if (status === 101) return response
  const headers = headersForBrowser(response.headers, route.isPersonal)
  const location = response.headers.get('location')
  const path = location === null ? undefined : toProxyPath(location, from, route)
  if (location !== null && path === undefined && isRedirect(status)) {
    await body?.cancel()
    return problem(502, redirectRefused())
  }
  headers.delete('location')
  if (path !== undefined) headers.set('location', path)
  return new Response(body, { status, statusText, headers })
}

function pathRefused(): RequestRefusedError {
  const message = 'Cannot pass the request on: its path could lead out of the API'
  return new RequestRefusedError('path_refused', message)
}

function upgradeRefused(): RequestRefusedError {
  const message =
    'Cannot open a WebSocket here: where the runtime can (Cloudflare Workers), allow it with "webSocket"'
  return new RequestRefusedError('upgrade_refused', message)
}

function redirectRefused(): ConfigurationError {
  const message = 'Cannot pass the redirect on: it leads out of the "target" of this route'
  return new ConfigurationError('redirect_refused', message)
}
