import type { AuthorizationServers } from '../mechanisms/protocol/authorization-servers.ts'
import type { ConnectedTokenServer } from '../mechanisms/protocol/token-server.ts'
import { createLine } from '../mechanisms/refresh/line.ts'
import { createRefreshTokenAcquisition, createRefreshers } from '../mechanisms/refresh/refreshers.ts'
import { createRefresher } from '../mechanisms/refresh/refresher.ts'
import { createGrantCheck } from '../mechanisms/sessions/grant-check.ts'
import type { CreateBrowserCookie } from '../mechanisms/sessions/browser-cookie.ts'
import type { SessionStrategy } from '../mechanisms/sessions/session-strategy.ts'
import type { SignInScope } from '../rules/sign-in/login-request.ts'
import type { Runtime } from '../ports/runtime.ts'
import type { Application, BoundSession } from './bound-session.ts'
import { createSessionEngine, type FindRoute, type SessionEngine } from './engine.ts'
import type { EngineContext } from './engine-context.ts'
import { createRequestSessions } from './request-sessions.ts'
import type { TokenSettings } from './token-settings.ts'
import type { SourceContext, TokenSource } from './token-source.ts'

/** The parts that differ between an engine with a sign-in and one without. */
export interface EngineParts<User extends object> {
  readonly settings: TokenSettings
  readonly context: EngineContext
  readonly runtime: Runtime
  /** The server of new sessions. */
  readonly server: ConnectedTokenServer
  /** The servers of all sessions. */
  readonly servers: AuthorizationServers
  readonly sessions: SessionStrategy
  readonly createCookie: CreateBrowserCookie
  /** The source of the token of the application itself. */
  readonly client?: TokenSource | undefined
  readonly signInScope?: SignInScope
  readonly userSessions?: SourceContext['userSessions']
  /** Creates the functions of a session. @param find - Finds the session, at every call. */
  createUser(find: () => BoundSession): User
  /** Absent if there are no routes. */
  readonly findRoute?: FindRoute | undefined
  /** The name of the registration, if the application has several. */
  readonly registrationName?: string | undefined
  /** The parts that the sign-in adds to each session. */
  readonly signIn?: Pick<
    Application,
    'loginPath' | 'forwardLoginParameters' | 'startLogin' | 'readIdToken' | 'beforeStart'
  >
}

/**
 * Connects the refresher, the sessions and the requests.
 *
 * Each authorization server has its own refresher and line, so that a slow one does not delay the users of another. The line of the
 * server for new sessions is shared with token sources, which send to the same token endpoint.
 */
export function assemble<User extends object>(parts: EngineParts<User>): SessionEngine<User> {
  const { settings, context, runtime, server, servers, sessions, createCookie, createUser, findRoute } = parts
  const { issuer, clientId, policy, refreshBeforeExpirySeconds, serverTimeoutMs, storeTimeoutMs } = settings
  const { idleTimeoutSeconds, absoluteTimeoutSeconds, cookieName, sameSite, maxCookieBytes } = settings
  const { clock, serverClock, random, emit, isStorePrivate, work } = context
  const createNewLine = () => createLine({ clock, random, pollMs: runtime.pollMs })
  const line = createNewLine()
  const refresher = createRefreshers(servers, (each) =>
    createRefresher({
      acquisition: createRefreshTokenAcquisition(each, policy),
      server: each,
      clock,
      serverClock,
      emit,
      random,
      isStorePrivate,
      line: each === server ? line : createNewLine(),
      flights: runtime.flights,
      serverTimeoutMs,
      storeTimeoutMs,
      admits: work.admits,
    }),
  )
  const sources: SourceContext = {
    issuer,
    clientId,
    insecureHosts: settings.insecureHosts,
    fetch: settings.fetch,
    origin: settings.origin,
    basePath: settings.basePath,
    connection: server.connection,
    server,
    store: context.store,
    isStorePrivate,
    sealFor: context.sealFor,
    flights: runtime.flights,
    line,
    clock,
    serverClock,
    emit,
    random,
    refreshBeforeExpirySeconds,
    serverTimeoutMs,
    storeTimeoutMs,
    admits: work.admits,
    keepAlive: work.tracking(runtime.keepAlive),
    client: parts.client,
    signInScope: parts.signInScope,
    userSessions: parts.userSessions,
    requestContext: runtime.context,
  }
  const application: Application = {
    ...parts.signIn,
    servers,
    refresher,
    sources,
    registration: context.registration,
    registrationName: parts.registrationName,
    grantCheck: createGrantCheck(refresher, serverClock),
    clock,
    serverClock,
    emit,
    origin: settings.origin,
    insecureHosts: settings.insecureHosts,
    basePath: settings.basePath,
    lifetimes: { idleTimeoutSeconds, absoluteTimeoutSeconds },
  }
  const requestSessions = createRequestSessions({
    application,
    sessions,
    cookie: { cookieName, sameSite, maxCookieBytes },
    createCookie,
    fitHeaders: runtime.fitHeaders,
    waitForBackground: isStorePrivate,
  })
  return createSessionEngine({
    sources,
    sessions: requestSessions,
    work,
    runtime,
    createUser,
    findRoute,
  })
}
