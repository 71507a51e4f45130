import type { StoredRefresh } from '../mechanisms/refresh/attempt.ts'
import { createLine } from '../mechanisms/refresh/line.ts'
import { createRefresher } from '../mechanisms/refresh/refresher.ts'
import { createGrantCheck } from '../mechanisms/sessions/grant-check.ts'
import type { SessionKind } from '../mechanisms/sessions/session-kind.ts'
import type { TokenServer } from '../ports/authorization-server.ts'
import type { Runtime } from '../ports/runtime.ts'
import type { Application, BoundSession } from './bound-session.ts'
import { createWorkTracker } from './drain.ts'
import { createSessionEngine, type FindRoute, type SessionEngine } from './engine.ts'
import type { EngineContext } from './engine-context.ts'
import { createRequestSessions } from './request-sessions.ts'
import type { TokenSettings } from './token-options.ts'
import type { TokenSession } from './token-session.ts'

/** The parts that differ between an engine with a sign-in and one without. */
export interface EngineParts<User extends TokenSession> {
  readonly settings: TokenSettings
  readonly context: EngineContext
  readonly runtime: Runtime
  readonly server: TokenServer
  readonly sessions: SessionKind
  /** Creates the functions of a session. @param find - Finds the session, at every call. */
  createUser(find: () => BoundSession): User
  /** Absent if there are no routes. */
  readonly findRoute?: FindRoute | undefined
  /** The parts that the sign-in adds to each session. */
  readonly signIn?: Pick<
    Application,
    'routePrefix' | 'forwardLoginParameters' | 'readIdToken' | 'beforeStart'
  >
  readonly afterRefresh?: {
    /** Whether `refreshed` decides about the claims of a refreshed ID token. */
    readonly keepClaims: boolean
    /** Receives each refresh after its tokens are stored. Never rejects. */
    readonly refreshed: (refresh: StoredRefresh) => Promise<unknown>
  }
}

/** Connects the refresher, the sessions and the requests. */
export function assemble<User extends TokenSession>(parts: EngineParts<User>): SessionEngine<User> {
  const { settings, context, runtime, server, sessions, createUser, findRoute, afterRefresh } = parts
  const { issuer, policy, serverTimeoutMs, storeTimeoutMs } = settings
  const { idleTimeoutSeconds, absoluteTimeoutSeconds, cookieName, sameSite, maxCookieBytes } = settings
  const { clock, serverClock, random, emit, isStorePrivate } = context
  const work = createWorkTracker(clock, emit)
  const refresher = createRefresher({
    server,
    flights: runtime.flights,
    line: createLine({ clock, random, pollMs: runtime.pollMs }),
    policy,
    serverTimeoutMs,
    storeTimeoutMs,
    isStorePrivate,
    admits: work.admits,
    keepClaims: afterRefresh?.keepClaims,
    refreshed: afterRefresh?.refreshed,
    clock,
    serverClock,
    random,
    emit,
  })
  const application: Application = {
    ...parts.signIn,
    server,
    refresher,
    grantCheck: createGrantCheck(refresher, serverClock),
    clock,
    serverClock,
    emit,
    origin: settings.origin,
    basePath: settings.basePath,
    issuer,
    lifetimes: { idleTimeoutSeconds, absoluteTimeoutSeconds },
  }
  const requestSessions = createRequestSessions({
    application,
    sessions,
    cookie: { cookieName, sameSite, maxCookieBytes },
    responses: runtime.responses,
    waitForBackground: isStorePrivate,
  })
  return createSessionEngine({ sessions: requestSessions, work, runtime, createUser, findRoute })
}
