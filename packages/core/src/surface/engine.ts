import { type CookieMac, createCookieMac } from '../mechanisms/sessions/cookie-mac.ts'
import { createGrantCheck } from '../mechanisms/sessions/grant-check.ts'
import { createGuardedStore, type GuardedStore } from '../mechanisms/stores/guarded-store.ts'
import { createHttp, type Http, LISTEN_MS } from '../mechanisms/protocol/http.ts'
import { keepAliveUntilDone } from '../mechanisms/runtime/background-work.ts'
import { createLine } from '../mechanisms/refresh/line.ts'
import { createRefreshers } from '../mechanisms/refresh/refreshers.ts'
import { createRefresher } from '../mechanisms/refresh/refresher.ts'
import { createRefreshTokenAcquisition } from '../mechanisms/refresh/refresh-token-acquisition.ts'
import { asReadOnly } from '../mechanisms/sessions/read-only-session.ts'
import { rememberWrites } from '../mechanisms/sessions/remember-writes.ts'
import { createRequestSession, type RequestSession } from '../mechanisms/sessions/request-session.ts'
import { createSeal, type Seal } from '../mechanisms/sessions/seal.ts'
import type { AuthorizationServers } from '../mechanisms/protocol/authorization-servers.ts'
import { createServerClock, type ServerClock } from '../mechanisms/protocol/server-clock.ts'
import type { ConnectedTokenServer } from '../mechanisms/protocol/token-server.ts'
import type { SessionStrategy } from '../mechanisms/sessions/session-strategy.ts'
import { systemClock } from '../mechanisms/runtime/system-clock.ts'
import {
  createSealedStore,
  type IsRegistered,
  type SealedStore,
} from '../mechanisms/sessions/sealed-store.ts'
import type { Clock } from '../ports/clock.ts'
import type { KeepAlive, Runtime } from '../ports/runtime.ts'
import { hasSecureCookies } from '../rules/browser/browser-address.ts'
import { cookieName, parseCookies } from '../rules/sessions/cookies.ts'
import type { Registration, SessionRecord } from '../model/session-record.ts'
import type { EventListener } from '../vocabulary/index.ts'
import { addressOf } from './address-of.ts'
import { type BoundSession, bindSession } from './bound-session.ts'
import { invalid } from './checks.ts'
import { createDetachedSession } from './detached-session.ts'
import { createWorkTracker, type Drainable } from './drain.ts'
import { createEmitter } from './emitter.ts'
import { createSessionCookies, type SessionCookies, withCookies, withOwnCookies } from './session-cookies.ts'
import type { TokenSettings } from './token-options.ts'
import { createTokenSession, type TokenSession } from './token-session.ts'
import type { SourceApplication, TokenSource } from './token-source.ts'

type Application<User> = (request: Request, session: User) => Response | Promise<Response>

/** Handles requests, each with the session of its user. `keepAlive` is the function of the request, if there is one. */
export interface SessionEngine<User extends object> extends Drainable {
  /** The parts that token sources use. */
  readonly application: SourceApplication

  /** Handles the routes of Evertoken, and passes every other request to `application`, with the session of its user. */
  handle(request: Request, application: Application<User>, keepAlive?: KeepAlive): Promise<Response>
  /** Returns the session of a request. If `handle` handles the request, its response carries the cookies. */
  session(request: Request, keepAlive?: KeepAlive): User & SessionCookies
  /**
   * Returns the session of a request whose response cannot set cookies. If the cookie carries the session, no refresh
   * token is spent: a call that needs a refresh throws `session_read_only`.
   */
  readOnlySession(request: Request, keepAlive?: KeepAlive): User
  /** Returns a server session by the `id` of `getSession`, for queues, schedules and streams. */
  sessionById(id: string, keepAlive?: KeepAlive): TokenSession
}

/** Finds Evertoken's route for a request. Returns `undefined` for requests to the application. */
export type Routes = (
  request: Request,
  cookies: ReadonlyMap<string, string>,
  bound: BoundSession,
) => (() => Promise<Response>) | undefined

/** The parts that all features use. */
export type Ground<Settings extends TokenSettings> = Omit<Settings, 'store' | 'clock'> & {
  readonly store: GuardedStore
  /** Whether the store keeps its records in the memory of this process. */
  readonly isStorePrivate: boolean
  readonly sealedStore: SealedStore
  readonly flights: Runtime['flights']
  readonly pollMs?: Runtime['pollMs']
  readonly http: Http
  readonly patientHttp: Http
  readonly clock: Clock
  readonly serverClock: ServerClock
  readonly random: () => number
  readonly emit: EventListener
  /** The authorization server and client of new sessions. */
  readonly registration: Registration
  /** Whether this application uses an authorization server and client. */
  readonly isRegistered: IsRegistered
  /** Encrypts one kind of value. Only applications with the same secret and cookie name can decrypt it. */
  sealFor(purpose: string): Seal
  /** Signs one kind of cookie. Only applications with the same secret and cookie name accept the signature. */
  macFor(purpose: string): CookieMac
}

/** The differences between engines. */
export interface Features<User extends object> {
  /** The server of new sessions. */
  readonly server: ConnectedTokenServer
  /** The servers of all sessions. */
  readonly servers: AuthorizationServers
  readonly kind: SessionStrategy
  /** The source of the token of the application itself. */
  readonly client?: TokenSource | undefined
  user(bound: () => BoundSession): User
  readonly claimsOf?: BoundSession['claimsOf']
  readonly routes?: Routes
  /** Called before a new session can be used. */
  readonly starting?: ((record: SessionRecord) => Promise<void>) | undefined
}

/** Connects the mechanisms and the requested features. */
export function assemble<Settings extends TokenSettings, User extends object>(
  settings: Settings,
  runtime: Runtime,
  equip: (ground: Ground<Settings>) => Features<User>,
): SessionEngine<User> {
  const { secrets, origin, sameSite, idleTimeoutSeconds, storeTimeoutMs } = settings
  const { clock = systemClock, fetch = (input, init) => globalThis.fetch(input, init) } = settings
  const { issuer, clientId, cookieName: identity } = settings
  const registration = { issuer, clientId }
  // Other applications may share the secret, and use sessions with other meanings. `isRegistered` rejects the sessions
  // of applications that have the same cookie name too.
  const sealFor = (purpose: string) => createSeal(secrets, `${purpose} ${identity}`)
  const macFor = (purpose: string) => createCookieMac(secrets, `${purpose} ${identity}`)
  const isRegistered = (of: Registration) => features.servers.serverFor(of) !== undefined
  const emit = createEmitter(settings.onEvent)
  const random = Math.random
  const serverClock = createServerClock({ clock, emit, request: () => features.server.isResponding() })
  const { observe } = serverClock
  const http = createHttp({ fetch, clock, timeoutMs: settings.serverTimeoutMs, observe })
  const patientHttp = createHttp({ fetch, clock, timeoutMs: LISTEN_MS, observe })
  const store = createGuardedStore({ store: settings.store, clock, emit, storeTimeoutMs, random })
  const sealedStore = rememberWrites(createSealedStore(store, sealFor('session'), isRegistered), clock, emit)
  const isStorePrivate = settings.store.outlivesProcess === false
  const ground = {
    ...settings,
    ...runtime,
    store,
    sealedStore,
    http,
    patientHttp,
    clock,
    serverClock,
    random,
    registration,
    isRegistered,
    sealFor,
    macFor,
    emit,
    isStorePrivate,
  }
  const features = equip(ground)
  const { kind, servers } = features
  const parts = { ...ground, ...features }
  const { admits, track, tracking, drain, [Symbol.asyncDispose]: dispose } = createWorkTracker(clock, emit)
  const { serverTimeoutMs } = settings
  const newLine = () => createLine({ clock, random, pollMs: runtime.pollMs })
  const line = newLine()
  const refresher = createRefreshers(servers, (server) =>
    createRefresher({
      acquisition: createRefreshTokenAcquisition(server, settings.policy),
      server,
      clock,
      serverClock,
      emit,
      random,
      isStorePrivate,
      line: server === features.server ? line : newLine(),
      flights: runtime.flights,
      serverTimeoutMs,
      storeTimeoutMs,
      admits,
    }),
  )
  const grantCheck = createGrantCheck(refresher, serverClock)
  const ownKeepAlive = tracking(runtime.keepAlive)
  const application: SourceApplication = {
    issuer: settings.issuer,
    clientId: settings.clientId,
    connection: features.server.connection,
    server: features.server,
    store,
    isStorePrivate,
    sealFor,
    flights: runtime.flights,
    line,
    clock,
    serverClock,
    emit,
    random,
    refreshBeforeExpirySeconds: settings.refreshBeforeExpirySeconds,
    serverTimeoutMs,
    storeTimeoutMs,
    admits,
    keepAlive: ownKeepAlive,
    client: features.client,
  }
  const bindOptions = { ...parts, application, refresher, grantCheck }
  const bind = (session: RequestSession) => bindSession(session, bindOptions)
  const userOf = (bound: BoundSession) => features.user(() => bound)

  function open(
    request: Request,
    keepAlive: KeepAlive,
    cookies = parseCookies(request.headers.get('cookie')),
    isReadOnly = false,
  ): BoundSession {
    const secure = hasSecureCookies(addressOf(request, origin), settings.issuer)
    const name = cookieName(settings.cookieName, secure)
    const attributes = { secure, sameSite }
    const { maxCookieBytes } = settings
    const session = createRequestSession({
      strategy: kind,
      cookies: { received: cookies, cookieName: name, attributes, maxCookieBytes },
      touch: { idleTimeoutSeconds, isGrantAlive: grantCheck.isAlive },
      clock,
      emit,
      keepAlive,
      waitForBackground: isStorePrivate,
    })
    return bind(isReadOnly ? asReadOnly(session, kind.trackBrowser !== undefined) : session)
  }

  async function respond(
    request: Request,
    application: Application<User>,
    given: KeepAlive | undefined,
  ): Promise<Response> {
    const keepAlive = tracked(given)
    const cookies = parseCookies(request.headers.get('cookie'))
    const bound = open(request, keepAlive, cookies)
    handled.set(request, bound)
    const route = features.routes?.(request, cookies, bound)
    if (route) return withOwnCookies(bound, await keepAliveUntilDone(route(), keepAlive))
    const user = userOf(bound)
    return withCookies(bound, await runtime.context.run(bound, () => application(request, user)))
  }

  /** Frameworks pass the same request to the application, whose session has only one cookie to send. */
  const handled = new WeakMap<Request, BoundSession>()
  const tracked = (keepAlive?: KeepAlive) => (keepAlive === undefined ? ownKeepAlive : tracking(keepAlive))

  return {
    application,
    session(request, keepAlive) {
      const bound = handled.get(request) ?? open(request, tracked(keepAlive))
      return { ...userOf(bound), ...createSessionCookies(bound) }
    },
    readOnlySession: (request, keepAlive) => userOf(open(request, tracked(keepAlive), undefined, true)),
    sessionById(id, keepAlive) {
      const cell = kind.byKey(id)
      if (!cell) throw invalid('session', 'must be "server" to find sessions by their id')
      const bound = bind(createDetachedSession(cell, tracked(keepAlive), emit))
      return createTokenSession(() => bound)
    },
    handle: (request, application, keepAlive) => track(respond(request, application, keepAlive)),
    drain,
    [Symbol.asyncDispose]: dispose,
  }
}
