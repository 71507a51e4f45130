import { refuseCrossSite } from '../handlers/problem.ts'
import type { RequestContext } from '../ports/runtime.ts'
import { isSameOriginRequest } from '../rules/browser/same-site.ts'
import type { EventListeners } from './emitter.ts'
import { createSessionFinder } from './current-session.ts'
import type { SessionCookies } from './session-cookies.ts'
import type { TokenProxy } from '../handlers/calls/token-proxy.ts'
import { readStepUp, type StepUpChallenge, stepUpQuery } from '../rules/calls/step-up.ts'
import type { BoundSession } from './bound-session.ts'
import { createBoundTokenProxy } from './bound-token-proxy.ts'
import type { TokenProxyRoutes } from './token-proxy-options.ts'
import { type ClientTokenAccess, createClientAccess } from './client-access.ts'
import { type Outside, outsideOf } from './bound-token-fetch.ts'
import { createTokenSession, type TokenSession } from './token-session.ts'
import type { TokenName, UserTokenName } from './token-source.ts'

/** The session of one user, with all functions. */
export interface UserSession<Name extends TokenName = UserTokenName> extends TokenSession<Name> {
  /** Whether a page of this application sent a request, or a program that sends `X-Evertoken: 1`. */
  isSameOrigin(request: Request): boolean
  /**
   * Returns a 403 (`problem+json`, `cross_site_request_refused`) for a request with cookies that another site may have
   * caused. Returns `undefined` for a safe request: without cookies, from a page of this application, or from a link
   * to this application.
   */
  refuseCrossSite(request: Request): Response | undefined
  /** Creates a handler that forwards requests to remote APIs, with the token of this user. */
  createTokenProxy(routes: TokenProxyRoutes<Name>): TokenProxy
  /**
   * Returns the login URL after an API has required a stronger or fresher sign-in (RFC 9470) or more scope. It is a
   * path of this application, or `undefined` if the response requires neither. The response is not changed.
   *
   * For more scope, `forwardLoginParameters` must contain `scope`. Otherwise the result is `undefined`.
   *
   * @param returnTo - The destination after the sign-in: a path, or a URL of this application.
   */
  loginUrlFor(response: Response, returnTo?: string): string | undefined
}

/** A session that you name, and whose cookies you take to the response. */
export interface ExplicitSession<Name extends TokenName = UserTokenName>
  extends UserSession<Name>, SessionCookies {}

/** Creates the functions of a session for the user of the request being handled. */
export function createCurrentSession(
  context: RequestContext,
  onEvent?: EventListeners,
  outside?: Outside,
): UserSession<TokenName> & ClientTokenAccess {
  const find = createSessionFinder(context, onEvent)
  return { ...createUserSession(find, outside), ...createClientAccess(outside ?? outsideOf(find)) }
}

/** @param bound - Finds the session, at every call. */
export function createUserSession(bound: () => BoundSession, outside?: Outside): UserSession<TokenName> {
  const originOf = (request: Request) => bound().application.origin ?? new URL(request.url).origin
  return {
    ...createTokenSession(bound, outside),
    isSameOrigin: (request) => isSameOriginRequest(request.headers, originOf(request)),
    refuseCrossSite: (request) => refuseCrossSite(request, originOf(request)),
    createTokenProxy: (routes) => createBoundTokenProxy(bound, routes),
    loginUrlFor(response, returnTo) {
      const { basePath, routePrefix, forwardLoginParameters = [] } = bound().application
      const challenge = stepUpChallenge(response)
      const query = challenge && stepUpQuery(challenge, returnTo, forwardLoginParameters.includes('scope'))
      return query && `${basePath}${routePrefix}/login?${query}`
    },
  }
}

/** Returns the requirement of an API for the sign-in, or `undefined` if its response has none. */
export function stepUpChallenge({ status, headers }: Response): StepUpChallenge | undefined {
  return status === 401 || status === 403 ? readStepUp(headers.get('www-authenticate')) : undefined
}
