import { createLine } from '../mechanisms/refresh/line.ts'
import { createRefresher } from '../mechanisms/refresh/refresher.ts'
import { createRefreshers } from '../mechanisms/refresh/refreshers.ts'
import type { AuthorizationServers } from '../mechanisms/protocol/authorization-servers.ts'
import { createGrantCheck } from '../mechanisms/sessions/grant-check.ts'
import type { ConnectedTokenServer } from '../mechanisms/protocol/token-server.ts'
import { createRefreshTokenAcquisition } from '../mechanisms/refresh/refresh-token-acquisition.ts'
import type { SessionStrategy } from '../mechanisms/sessions/session-strategy.ts'
import type { Runtime } from '../ports/runtime.ts'
import type { Application, BoundSession } from './bound-session.ts'
import { createWorkTracker } from './drain.ts'
import { createSessionEngine, type FindRoute, type SessionEngine } from './engine.ts'
import type { EngineContext } from './engine-context.ts'
import { createRequestSessions } from './request-sessions.ts'
import type { TokenSettings } from './token-options.ts'
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
  /** Creates the functions of a session. @param find - Finds the session, at every call. */
  createUser(find: () => BoundSession): User
  /** Absent if there are no routes. */
  readonly findRoute?: FindRoute | undefined
  /** The parts that the sign-in adds to each session. */
  readonly signIn?: Pick<
    Application,
    'routePrefix' | 'forwardLoginParameters' | 'readIdToken' | 'beforeStart'
  >
  /** The source of the token of the application itself. */
  readonly client?: TokenSource | undefined
}

/** Connects the refresher, the sessions and the requests. */
export function assemble<User extends object>(parts: EngineParts<User>): SessionEngine<User> {
  const { settings, context, runtime, server, servers, sessions, createUser, findRoute } = parts
  const { issuer, clientId, policy, serverTimeoutMs, storeTimeoutMs, refreshBeforeExpirySeconds } = settings
  const { flights } = runtime
  const { idleTimeoutSeconds, absoluteTimeoutSeconds, cookieName, sameSite, maxCookieBytes } = settings
  const { clock, serverClock, random, emit, store, isStorePrivate, sealFor } = context
  const work = createWorkTracker(clock, emit)
  const { admits } = work
  const newLine = () => createLine({ clock, random, pollMs: runtime.pollMs })
  const line = newLine()
  const refresher = createRefreshers(servers, (each) =>
    createRefresher({
      acquisition: createRefreshTokenAcquisition(each, policy),
      server: each,
      flights,
      line: each === server ? line : newLine(),
      serverTimeoutMs,
      storeTimeoutMs,
      isStorePrivate,
      admits,
      clock,
      serverClock,
      random,
      emit,
    }),
  )
  const sourceContext: SourceContext = {
    issuer,
    clientId,
    connection: server.connection,
    server,
    store,
    isStorePrivate,
    sealFor,
    flights,
    line,
    clock,
    serverClock,
    emit,
    random,
    refreshBeforeExpirySeconds,
    serverTimeoutMs,
    storeTimeoutMs,
    admits,
    keepAlive: work.tracking(runtime.keepAlive),
    client: parts.client,
  }
  const application: Application = {
    ...parts.signIn,
    sourceContext,
    servers,
    refresher,
    grantCheck: createGrantCheck(refresher, serverClock),
    clock,
    serverClock,
    emit,
    origin: settings.origin,
    basePath: settings.basePath,
    registration: context.registration,
    lifetimes: { idleTimeoutSeconds, absoluteTimeoutSeconds },
  }
  const requestSessions = createRequestSessions({
    application,
    sessions,
    cookie: { cookieName, sameSite, maxCookieBytes },
    responses: runtime.responses,
    waitForBackground: isStorePrivate,
  })
  return createSessionEngine({
    sessions: requestSessions,
    sourceContext,
    work,
    runtime,
    createUser,
    findRoute,
  })
}
