import { createResponse } from '../handlers/responses.ts'
import { problemFor } from '../handlers/problem.ts'
import { backChannelLogout } from '../handlers/routes/back-channel-logout.ts'
import { callback } from '../handlers/routes/callback.ts'
import { diagnostics } from '../handlers/routes/diagnostics.ts'
import { frontChannelLogout } from '../handlers/routes/front-channel-logout.ts'
import { login, type LoginRouteOptions } from '../handlers/routes/login.ts'
import { logout } from '../handlers/routes/logout.ts'
import type { BrowserPaths, BrowserRequest, RouteContext } from '../handlers/routes/route-context.ts'
import { user } from '../handlers/routes/user.ts'
import type { FinishSessionOptions } from '../mechanisms/sessions/end-session.ts'
import type { SessionDirectory } from '../mechanisms/sessions/session-directory.ts'
import type { SessionStrategy } from '../mechanisms/sessions/session-strategy.ts'
import { noteIssued } from '../mechanisms/calls/issued-cookies.ts'
import { createUsedLogins } from '../mechanisms/sign-in/used-logins.ts'
import type { AuthorizationServers } from '../mechanisms/protocol/authorization-servers.ts'
import type { ConnectedTokenServer } from '../mechanisms/protocol/token-server.ts'
import type { AuthorizationServer } from '../ports/authorization-server.ts'
import type { Flights } from '../ports/flights.ts'
import { applicationPaths } from '../rules/browser/base-path.ts'
import { hasSecureCookies } from '../rules/browser/browser-address.ts'
import { isLoopback } from '../rules/calls/allowed-urls.ts'
import { cookieName as nameOnWire } from '../rules/sessions/cookies.ts'
import type { StartLogin } from './bound-session.ts'
import { invalid } from './checks.ts'
import { createRouteContexts } from './route-contexts.ts'
import type { FindRoute } from './engine.ts'
import type { EngineContext } from './engine-context.ts'
import type { NamedRegistration } from './registrations/named-registration.ts'
import type { Settings } from './options.ts'
import { shownSettings } from './shown-settings.ts'

export interface RoutesOptions {
  readonly settings: Settings
  readonly context: EngineContext
  readonly flights: Flights
  /** The server for new sign-ins. */
  readonly server: AuthorizationServer & ConnectedTokenServer
  /** The servers of all sessions. */
  readonly servers: AuthorizationServers<AuthorizationServer>
  readonly sessions: SessionStrategy
  /** Present if the authorization server can sign users out with a logout token. */
  readonly directory: SessionDirectory | undefined
  /** How a session ends. */
  readonly ending: FinishSessionOptions
  /** The registration, if the application has several. */
  readonly named: NamedRegistration | undefined
}

/** A route of Evertoken. */
interface Row {
  /** Below the prefix of the routes. */
  readonly path: string
  /** All other methods are refused (RFC 9110 §15.5.6). Without methods, the handler decides. */
  readonly methods?: readonly string[]
  readonly handle: (request: Request, context: RouteContext) => Promise<Response>
  /** Whether the route exists only if both the requested host and the host in browsers are this machine. */
  readonly isLocal?: boolean
}

function createTable(
  options: RoutesOptions,
  paths: BrowserPaths,
  forLogin: LoginRouteOptions,
): readonly Row[] {
  const { settings, context, flights, server, servers, sessions, directory, ending } = options
  const { issuer, responseMode, sameSite, idleTimeoutSeconds, onSignIn, insecureHosts } = settings
  const { clock, emit } = context
  const { pathSuffix } = paths
  // The type of each handler names the parts that it uses.
  const parts = {
    server,
    servers,
    sessions,
    ending,
    paths,
    clock,
    emit,
    flights,
    usedLogins: createUsedLogins(context.store, issuer, context.createMap),
    responseMode,
    sameSite,
    onSignIn,
    insecureHosts,
    idleTimeoutSeconds,
    anonymousUserStatus: settings.anonymousUserStatus,
    registration: options.named?.name,
  }

  const table: Row[] = [
    { path: `/login${pathSuffix}`, methods: ['GET'], handle: (request, at) => login(request, at, forLogin) },
    {
      path: `/callback${pathSuffix}`,
      methods: ['GET', 'POST'],
      handle: (request, at) => callback(request, at, parts),
    },
    { path: '/user', methods: ['GET', 'HEAD'], handle: (request, at) => user(request, at, parts) },
    { path: '/logout', handle: (request, at) => logout(request, at, parts) },
  ]
  if (directory) {
    const all = settings.backChannelLogout === 'all'
    const forBackChannel = { ...parts, directory, all }
    table.push({
      path: `/back-channel-logout${pathSuffix}`,
      methods: ['POST'],
      handle: (request, at) => backChannelLogout(request, at, forBackChannel),
    })
  }
  if (settings.frontChannelLogout) {
    table.push({
      path: `/front-channel-logout${pathSuffix}`,
      methods: ['GET'],
      handle: (_request, at) => frontChannelLogout(at, { ...parts, server: settings.server }),
    })
  }
  if (settings.diagnostics) {
    const { methodFor } = server.connection.authenticator
    const forDiagnostics = { ...parts, methodFor, configuration: shownSettings(settings) }
    table.push({
      path: '/diagnostics',
      methods: ['GET'],
      handle: (request, at) => diagnostics(request, at, forDiagnostics),
      isLocal: true,
    })
  }
  return table
}

/** Finds the route of a request, and starts a login without the login route. */
export interface Routes {
  readonly findRoute: FindRoute
  readonly startLogin: StartLogin
}

export function createRoutes(options: RoutesOptions): Routes {
  const { settings, context, named } = options
  const { routePrefix, postLogoutPath, signInErrorPath, basePath } = settings
  // The handlers write addresses for browsers, which see the base path.
  const paths: BrowserPaths = {
    home: `${basePath}/`,
    routePrefix: basePath + routePrefix,
    pathSuffix: named?.pathSuffix ?? '',
    postLogoutPath: basePath + postLogoutPath,
    signInErrorPath: signInErrorPath && basePath + signInErrorPath,
  }
  const { responseMode, sameSite, authorizationParameters, forwardLoginParameters } = settings
  const { server } = options
  const forLogin: LoginRouteOptions = {
    server,
    issuers: settings.server,
    paths,
    responseMode,
    sameSite,
    authorizationParameters,
    forwardLoginParameters,
    checkRedirectUri: named?.checkRedirectUri,
    emit: context.emit,
  }
  const table = createTable(options, paths, forLogin)
  const originOf = (url: URL) => settings.origin ?? url.origin

  const createContext = createRouteContexts(settings, context, paths, named?.name)

  /** Whether the request comes from the authorization server after a sign-out, to a path of the application. */
  function isLogoutReturn({ method }: Request, url: URL, cookies: ReadonlyMap<string, string>): boolean {
    if (method !== 'GET' || !url.searchParams.has('state')) return false
    const secure = hasSecureCookies(new URL(originOf(url)), settings.issuer, settings.insecureHosts)
    return cookies.has(`${nameOnWire(settings.cookieName, secure)}.logout`)
  }

  const startLogin: StartLogin = async (bound, demand) => {
    if (demand.registration !== undefined && demand.registration !== named?.name)
      throw invalid('registration', 'must be a name in `registrations`')
    const { request, cookies } = bound.browser as BrowserRequest
    const at = createContext(new URL(request.url), cookies, bound)
    const response = await login(request, at, forLogin, demand)
    // The application returns this response. All other lines that set a cookie of Evertoken are removed from it.
    noteIssued(response.headers, bound.session.cookieName as string)
    return response
  }

  const findRoute: FindRoute = (request, cookies) => {
    const url = new URL(request.url)
    const own = applicationPaths(url.pathname, basePath).map(({ path }) => path)
    if (own.includes(postLogoutPath) && isLogoutReturn(request, url, cookies)) {
      const state = url.searchParams.get('state') ?? ''
      return (bound) => createContext(url, cookies, bound).logoutReturn.receive(state)
    }
    const path = own.find((each) => each.startsWith(`${routePrefix}/`))?.slice(routePrefix.length)
    const row = table.find((each) => each.path === path)
    if (!row || (row.isLocal && !isOnThisMachine(url, originOf(url)))) return undefined
    const { methods, handle } = row
    if (methods && !methods.includes(request.method)) {
      return () => Promise.resolve(createResponse(405, { allow: methods.join(', ') }))
    }
    return (bound) => handle(request, createContext(url, cookies, bound)).catch(problemFor)
  }
  return { findRoute, startLogin }
}

function isOnThisMachine(asked: URL, origin: string): boolean {
  return isLoopback(asked.hostname) && isLoopback(new URL(origin).hostname)
}
