import { createMemoryStore } from '../mechanisms/memory-store.ts'
import { createHttp } from '../mechanisms/http.ts'
import { createProtocol } from '../mechanisms/protocol.ts'
import { createRefresher } from '../mechanisms/refresher.ts'
import { createRequestSession, type RequestSession } from '../mechanisms/request-session.ts'
import { createSeal } from '../mechanisms/seal.ts'
import { createSealedRecords } from '../mechanisms/sealed-records.ts'
import { createSessionDirectory } from '../mechanisms/session-directory.ts'
import { createCookieKind, createServerKind } from '../mechanisms/session-kinds.ts'
import { createStoreGuard } from '../mechanisms/store-guard.ts'
import { systemClock } from '../mechanisms/system-clock.ts'
import { createVault } from '../mechanisms/vault.ts'
import type { KeepAlive, Runtime } from '../ports/runtime.ts'
import type { SessionStore } from '../ports/session-store.ts'
import { isLoopback } from '../rules/allowed-urls.ts'
import { cookieName, parseCookies } from '../rules/cookies.ts'
import type { EventListener } from '../vocabulary/index.ts'
import { type BoundSession, bindSession } from './bound-session.ts'
import { createCurrentSession, type Current, type CurrentSession } from './current-session.ts'
import { createDetachedSession } from './detached-session.ts'
import { checkOptions, type EvertokenOptions, invalid } from './options.ts'
import { createRoutes } from './routes.ts'
import { checkSessionOptions } from './session-options.ts'
import { createUserSession, type UserSession, withCookies } from './user-session.ts'

/** An application's request handler. `session` is the user's, as an argument. */
export type Handler = (request: Request, session: CurrentSession) => Response | Promise<Response>

/** Handles requests, each with the session of its user. `keepAlive` is the one that came with the request, if any. */
export interface Engine {
  /** Answers the routes of the library, and runs `application` for every other request, with its user at hand. */
  handle(request: Request, application: Handler, keepAlive?: KeepAlive): Promise<Response>
  /** The session of a request, named explicitly. */
  session(request: Request, keepAlive?: KeepAlive): UserSession
  /** A server session by what `getId` gave: for queues, schedules and streams. */
  sessionById(id: string, keepAlive?: KeepAlive): UserSession
}

/** The options, with a session store among them. */
export interface EngineOptions extends EvertokenOptions {
  readonly store: SessionStore
}

/**
 * Token management for the users of one application. What the session interface offers is here as well, for the user
 * of the request being handled.
 */
export interface Evertoken extends Engine, CurrentSession {}

/**
 * Wires everything together. Applications call `evertoken` of the package for their runtime, which calls this.
 *
 * @throws ConfigurationError when an option is missing, unknown or wrong.
 */
export function createEvertoken(options: EvertokenOptions, runtime: Runtime): Evertoken {
  const { clock = systemClock, store = createMemoryStore({ now: clock.now }) } = options
  const engine = createEngine({ ...options, store }, runtime)
  return { ...createCurrentSession(runtime.context), ...engine }
}

/**
 * The part that needs the options, for runtimes that have them only when the first request comes, and no memory to
 * fall back on. `createCurrentSession` finds the sessions of its requests when it is given the same context.
 *
 * @throws ConfigurationError when an option is missing, unknown or wrong.
 */
export function createEngine(options: EngineOptions, runtime: Runtime): Engine {
  const settings = checkOptions(options)
  const sessions = checkSessionOptions(options, options.store)
  const { issuer, secrets, idleSeconds, absoluteSeconds, requestTimeoutMs, storeTimeoutMs } = settings
  const { clock = systemClock, store } = options
  const { context, flights, keepAlive: keep } = runtime
  const emit = tell(options.onEvent)

  const vault = createVault({ store, seal: createSeal(secrets, 'session'), emit, clock, storeTimeoutMs })
  const kind = (settings.kind === 'server' ? createServerKind : createCookieKind)({
    vault,
    cookies: createSealedRecords(createSeal(secrets, 'cookie')),
    clock,
    idleSeconds,
    allStored: sessions.backChannelLogout !== false,
    emit,
  })
  const directory =
    sessions.backChannelLogout && store.index
      ? createSessionDirectory(store, store.index, issuer, createStoreGuard({ emit, clock, storeTimeoutMs }))
      : undefined
  const http = createHttp(options.fetch ?? ((input, init) => fetch(input, init)), clock, requestTimeoutMs)
  const server = createProtocol({ ...settings, http, flights, clock })
  const { random } = Math
  const refreshed = quietly(sessions.onRefreshed)
  const refresher = createRefresher({
    ...settings,
    server,
    flights,
    clock,
    emit,
    random,
    ...(refreshed && { refreshed }),
  })
  const routes = createRoutes({ settings, sessions, kind, directory, protocol: server, clock, emit })
  const loginPath = `${settings.routePrefix}/login`

  const bind = (session: RequestSession) =>
    bindSession(session, {
      directory,
      refresher,
      clock,
      issuer,
      absoluteSeconds,
      origin: settings.origin,
      emit,
    })
  const asUser = (bound: BoundSession) => createUserSession(bound, { server, clock, emit, loginPath })

  function open(
    request: Request,
    keepAlive: KeepAlive,
    cookies = parseCookies(request.headers.get('cookie')),
  ): BoundSession {
    const secure = isSecure(settings.origin ?? request.url)
    const session = createRequestSession({
      kind,
      cookies,
      idleSeconds,
      clock,
      emit,
      keepAlive,
      cookieName: cookieName(settings.cookieName, secure),
      attributes: { secure, sameSite: settings.sameSite },
    })
    return bind(session)
  }

  return {
    session: (request, keepAlive = keep) => asUser(open(request, keepAlive)),
    sessionById(id, keepAlive = keep) {
      const cell = kind.byKey(id)
      if (!cell) throw invalid('session', 'must be "server" to find sessions by their id')
      return asUser(bind(createDetachedSession(cell, keepAlive)))
    },
    async handle(request, application, keepAlive = keep) {
      const cookies = parseCookies(request.headers.get('cookie'))
      const bound = open(request, keepAlive, cookies)
      const route = routes(request, cookies, bound)
      if (route) return withCookies(bound, await kept(route(), keepAlive))
      const user = asUser(bound)
      const current: Current = { bound, user }
      return withCookies(bound, await context.run(current, () => application(request, user)))
    },
  }
}

/** What a route has begun, such as signing out, is done even when the browser leaves. */
function kept<T>(work: Promise<T>, keepAlive: KeepAlive): Promise<T> {
  keepAlive(work.catch(() => undefined))
  return work
}

/** The same for a hook that is told of a user. */
function quietly<T>(hook: ((value: T) => unknown) | undefined): ((value: T) => Promise<unknown>) | undefined {
  return (
    hook &&
    ((value) =>
      Promise.resolve(value)
        .then(hook)
        .catch(() => undefined))
  )
}

/** A listener that throws must not become the user's trouble. */
function tell(listener: EventListener | undefined): EventListener {
  return (event) => {
    try {
      listener?.(event)
    } catch {
      // Told in the documentation of `EventListener`.
    }
  }
}

/** S22: plain http is for development on this machine. */
function isSecure(url: string): boolean {
  const { protocol, hostname } = new URL(url)
  if (protocol === 'https:') return true
  if (isLoopback(hostname)) return false
  throw invalid('baseUrl', 'is missing: the request came by http, so say what https address browsers use')
}
