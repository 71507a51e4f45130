import type { TokenFetch } from '../handlers/token-fetch.ts'
import { createMemoryStore } from '../mechanisms/memory-store.ts'
import { createHttp } from '../mechanisms/http.ts'
import { createProtocol } from '../mechanisms/protocol.ts'
import { createRefresher } from '../mechanisms/refresher.ts'
import { createRequestSession, type RequestSession } from '../mechanisms/request-session.ts'
import { createSeal } from '../mechanisms/seal.ts'
import { createCookieKind, createServerKind } from '../mechanisms/session-kinds.ts'
import { systemClock } from '../mechanisms/system-clock.ts'
import { createVault } from '../mechanisms/vault.ts'
import type { Runtime } from '../ports/runtime.ts'
import { isLoopback } from '../rules/allowed-urls.ts'
import { cookieName, parseCookies } from '../rules/cookies.ts'
import { ConfigurationError, type EventListener } from '../vocabulary/index.ts'
import { type BoundSession, bindSession } from './bound-session.ts'
import { createDetachedSession } from './detached-session.ts'
import { checkOptions, type EvertokenOptions, invalid } from './options.ts'
import { createRoutes } from './routes.ts'
import { createBoundTokenFetch, type TokenFetchOptions } from './token-fetch-options.ts'
import { createUserSession, type UserSession, withCookies } from './user-session.ts'

/** An application's request handler. */
export type Handler = (request: Request) => Response | Promise<Response>

/**
 * Token management for the users of one application. What the session interface offers is here as well, for the user
 * of the request being handled.
 */
export interface Evertoken extends Omit<UserSession, 'respond'> {
  /** Answers the routes of the library, and runs `application` for every other request, with its user at hand. */
  handle(request: Request, application: Handler): Promise<Response>
  /** The session of a request, named explicitly. */
  session(request: Request): UserSession
  /** A server session by what `getId` gave: for queues, schedules and streams. */
  sessionById(id: string): UserSession
}

/**
 * Wires everything together. Applications call `evertoken` of the package for their runtime, which calls this.
 *
 * @throws ConfigurationError when an option is missing, unknown or wrong.
 */
export function createEvertoken(options: EvertokenOptions, runtime: Runtime): Evertoken {
  const settings = checkOptions(options)
  const { issuer, secrets, idleSeconds, absoluteSeconds, requestTimeoutMs, storeTimeoutMs } = settings
  const { clock = systemClock, store = createMemoryStore({ now: clock.now }) } = options
  const { context, flights } = runtime
  const keepAlive = runtime.keepAlive.bind(runtime)
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
  const refresher = createRefresher({ ...settings, server, flights, clock, emit, keepAlive, random })
  const routes = createRoutes({ settings, protocol: server, clock, emit, keepAlive })

  const bind = (session: RequestSession) =>
    bindSession(session, { refresher, clock, issuer, absoluteSeconds })
  const asUser = (bound: BoundSession) => createUserSession(bound, { server, clock, emit })

  function open(request: Request, cookies = parseCookies(request.headers.get('cookie'))): BoundSession {
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

  function current(): BoundSession {
    const bound = context.get() as BoundSession | undefined
    if (!bound) throw noCurrentSession()
    return bound
  }

  const ambient = () => asUser(current())
  return {
    session: (request) => asUser(open(request)),
    sessionById(id) {
      const cell = kind.byKey(id)
      if (!cell) throw invalid('session', 'must be "server" to find sessions by their id')
      return asUser(bind(createDetachedSession(cell)))
    },
    async handle(request, application) {
      const cookies = parseCookies(request.headers.get('cookie'))
      const bound = open(request, cookies)
      const route = routes(request, cookies, bound)
      const response = await context.run(bound, () => (route ? route() : application(request)))
      return withCookies(bound.session, response)
    },
    createTokenFetch: (fetchOptions: TokenFetchOptions): TokenFetch =>
      createBoundTokenFetch(current, fetchOptions),
    getUserAccessToken: async (wanted) => ambient().getUserAccessToken(wanted),
    revokeRefreshToken: async () => ambient().revokeRefreshToken(),
    getUser: async () => ambient().getUser(),
    startSession: async (tokenResponse, start) => ambient().startSession(tokenResponse, start),
    endSession: async () => ambient().endSession(),
    getId: async () => ambient().getId(),
  }
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

function noCurrentSession(): ConfigurationError {
  const message =
    'Cannot tell whose token is wanted: call this while "handle" runs the request, or name the session with ' +
    '"session(request)" or "sessionById(id)"'
  return new ConfigurationError('no_current_session', message)
}
