import { refuseCrossSite } from '../handlers/problem.ts'
import type { RequestContext } from '../ports/runtime.ts'
import { isSameOriginRequest } from '../rules/browser/same-site.ts'
import type { EventListeners } from './emitter.ts'
import { createSessionFinder } from './current-session.ts'
import type { SessionCookies } from './session-cookies.ts'
import type { TokenProxy } from '../handlers/calls/token-proxy.ts'
import { readStepUp, type StepUpChallenge, stepUpQuery } from '../rules/calls/step-up.ts'
import type { BoundSession, StartLogin } from './bound-session.ts'
import { keepAliveUntilDone } from '../mechanisms/runtime/background-work.ts'
import type { LoginOptions } from '../rules/sign-in/login-request.ts'
import { checkLoginOptions } from './login-option-checks.ts'
import { createBoundTokenProxy } from './bound-token-proxy.ts'
import type { TokenProxyRoutes } from './token-proxy-options.ts'
import { type ClientTokenAccess, createClientAccess } from './client-access.ts'
import { type Outside, outsideOf } from './bound-token-fetch.ts'
import { createTokenSession, type TokenSession } from './token-session.ts'
import type { TokenName, UserTokenName } from './token-source.ts'

/** The session of one user, with all functions. */
export interface UserSession<Name extends TokenName = UserTokenName> extends TokenSession<Name> {
  /**
   * Returns whether a page of this application sent a request, or a program that sends `X-Evertoken: 1`.
   *
   * @param request - A request of a browser or a program.
   * @example
   *   if (!auth.isSameOrigin(request)) console.warn('Another site caused this request.')
   */
  isSameOrigin(request: Request): boolean
  /**
   * Returns a 403 response for a request with cookies that another site may have caused.
   *
   * Returns `undefined` for a safe request: without cookies, from a page of this application, or from a link to this
   * application. The response is `problem+json` with the code `cross_site_request_refused`.
   *
   * @param request - A request of a browser or a program.
   * @example
   *   const response = auth.refuseCrossSite(request) ?? (await application(request))
   */
  refuseCrossSite(request: Request): Response | undefined
  /**
   * Creates a handler that forwards requests to remote APIs, with the token of this user.
   *
   * @param routes - The target and the token of each path.
   * @returns A function that resolves to the response of the API, or to `undefined` if no path matches.
   * @throws {ConfigurationError} If an option is missing, unknown or invalid.
   * @example
   *   const proxy = auth.createTokenProxy({
   *     '/api/orders/*': { target: 'https://api.example.com/orders/', token: 'user' },
   *   })
   *   const response = (await proxy(request)) ?? (await application(request))
   */
  createTokenProxy(routes: TokenProxyRoutes<Name>): TokenProxy
  /**
   * Returns the response that starts a login, with values that the server side decides.
   *
   * Return it from your handler. The login route takes values from its query, which the user can change. Use this function for
   * more scope, for a stronger sign-in, or for the amount of a payment (RFC 9396, in `parameters`).
   *
   * @param options - Values that are added to the configured authorization request. By default, none.
   * @returns A redirect to the authorization server, with the cookie of the login. If no login can start, it is the same
   *   response as that of the login route, such as 400 if the browser does not open a page.
   * @throws {ConfigurationError} `invalid_option`, if an option is unknown or invalid.
   * @example
   *   const response = await auth.redirectToLogin({ scope: 'payments', maxAge: 300, returnTo: '/pay' })
   * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-4.1.1 RFC 6749, section 4.1.1: Authorization Request}
   */
  redirectToLogin(options?: LoginOptions): Promise<Response>
  /**
   * Returns the login URL after an API has required a stronger or fresher sign-in or more scope.
   *
   * It is a path of this application, or `undefined` if the response requires neither. The response is not changed. For more
   * scope, `forwardLoginParameters` must contain `scope`. Otherwise the result is `undefined`.
   *
   * @param response - The response of an API.
   * @param returnTo - The destination after the sign-in: a path, or a URL of this application.
   * @example
   *   const loginUrl = auth.loginUrlFor(await orders('7', { method: 'DELETE' }), '/orders/7')
   *   if (loginUrl) console.log(`Open ${loginUrl} in the browser.`)
   * @see {@link https://www.rfc-editor.org/rfc/rfc9470#section-3 RFC 9470, section 3: Authentication Requirements Challenge}
   */
  loginUrlFor(response: Response, returnTo?: string): string | undefined
}

/** A session that you name, and whose cookies you take to the response. */
export interface ExplicitSession<Name extends TokenName = UserTokenName>
  extends UserSession<Name>, SessionCookies {}

/**
 * Creates the functions of a session for the user of the request being handled.
 *
 * @param context - The context that `createEngine` also got. It finds the request.
 * @param onEvent - Receives the event of a call outside of a request.
 * @param outside - Finds the application for calls that need no user. By default, the request finds it.
 * @example
 *   const engine = createEngine({ ...options, store }, runtime)
 *   export const auth = { ...createCurrentSession(runtime.context, options.onEvent), ...engine }
 */
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
  // Each request creates a session. A spread of an object with many functions would take longer than all its other work.
  return Object.assign(createTokenSession(bound, outside), {
    isSameOrigin: (request) => isSameOriginRequest(request.headers, originOf(request)),
    refuseCrossSite: (request) => refuseCrossSite(request, originOf(request)),
    createTokenProxy: (routes) => createBoundTokenProxy(bound, routes),
    async redirectToLogin(options = {}) {
      checkLoginOptions(options)
      const at = bound()
      // Only an application with a sign-in has this function.
      const startLogin = at.application.startLogin as StartLogin
      return keepAliveUntilDone(startLogin(at, options), at.session.keepAlive)
    },
    loginUrlFor(response, returnTo) {
      const { basePath, loginPath, forwardLoginParameters = [] } = bound().application
      const challenge = stepUpChallenge(response)
      const query = challenge && stepUpQuery(challenge, returnTo, forwardLoginParameters.includes('scope'))
      return query && `${basePath}${loginPath}?${query}`
    },
  } satisfies Omit<UserSession<TokenName>, keyof TokenSession<TokenName>>)
}

/**
 * Returns the requirement of an API for the sign-in, or `undefined` if its response has none.
 *
 * Use it to handle the requirement yourself. `loginUrlFor` returns the login URL that meets it.
 *
 * @param response - The response of an API. Only its status and its headers are read.
 * @example
 *   const challenge = stepUpChallenge(await orders('7', { method: 'DELETE' }))
 *   if (challenge?.maxAge === 0) console.log('The API requires a new sign-in.')
 * @see {@link https://www.rfc-editor.org/rfc/rfc9470#section-3 RFC 9470, section 3: Authentication Requirements Challenge}
 */
export function stepUpChallenge({ status, headers }: Response): StepUpChallenge | undefined {
  return status === 401 || status === 403 ? readStepUp(headers.get('www-authenticate')) : undefined
}
