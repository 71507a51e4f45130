import { createMemoryStore } from '../mechanisms/memory-store.ts'
import { createHttp } from '../mechanisms/http.ts'
import { createProtocol } from '../mechanisms/protocol.ts'
import { createRefresher } from '../mechanisms/refresher.ts'
import { createRequestSession, type RequestSession } from '../mechanisms/request-session.ts'
import { createSeal } from '../mechanisms/seal.ts'
import { createCookieKind, createServerKind } from '../mechanisms/session-kinds.ts'
import { systemClock } from '../mechanisms/system-clock.ts'
import { createVault } from '../mechanisms/vault.ts'
import type { KeepAlive, Runtime } from '../ports/runtime.ts'
import { isLoopback } from '../rules/allowed-urls.ts'
import { cookieName, parseCookies } from '../rules/cookies.ts'
import type { EventListener } from '../vocabulary/index.ts'
import { type BoundSession, bindSession } from './bound-session.ts'
import { createCurrentSession, type Current, type CurrentSession } from './current-session.ts'
import { createDetachedSession } from './detached-session.ts'
import { checkOptions, type EvertokenOptions, invalid } from './options.ts'
import { createRoutes } from './routes.ts'
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
  return { ...createCurrentSession(runtime.context), ...createEngine(options, runtime) }
}

/**
 * The part that needs the options, for runtimes that have them only when the first request comes. It works on all
 * requests for which `createCurrentSession` was given the same context.
 *
 * @throws ConfigurationError when an option is missing, unknown or wrong.
 */
export function createEngine(options: EvertokenOptions, runtime: Runtime): Engine {
  const settings = checkOptions(options)
  const { issuer, secrets, idleSeconds, absoluteSeconds, requestTimeoutMs, storeTimeoutMs } = settings
  const { clock = systemClock, store = createMemoryStore({ now: clock.now }) } = options
  const { context, flights, keepAlive: keep } = runtime
  const emit = tell(options.onEvent)

  const vault = createVault({ store, seal: createSeal(secrets, 'session'), emit, clock, storeTimeoutMs })
  const kind = (settings.kind === 'server' ? createServerKind : createCookieKind)({
    vault,
    clock,
    idleSeconds,
  })
  const http = createHttp(options.fetch ?? ((input, init) => fetch(input, init)), clock, requestTimeoutMs)
  const server = createProtocol({ ...settings, http, flights, clock })
  const { random } = Math
  const refresher = createRefresher({ ...settings, server, flights, clock, emit, random })
  const routes = createRoutes({ settings, protocol: server, clock, emit })

  const bind = (session: RequestSession) =>
    bindSession(session, { refresher, clock, issuer, absoluteSeconds })
  const asUser = (bound: BoundSession) => createUserSession(bound, { server, clock, emit })

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
      if (route) return withCookies(bound.session, await kept(route(), keepAlive))
      const user = asUser(bound)
      const current: Current = { bound, user }
      return withCookies(bound.session, await context.run(current, () => application(request, user)))
    },
  }
}

/** What a route has begun, such as signing out, is done even when the browser leaves. */
function kept<T>(work: Promise<T>, keepAlive: KeepAlive): Promise<T> {
  keepAlive(work.catch(() => undefined))
  return work
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
