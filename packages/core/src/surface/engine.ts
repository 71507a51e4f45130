import { createGuardedStore, type GuardedStore } from '../mechanisms/guarded-store.ts'
import { createHttp, type Http } from '../mechanisms/http.ts'
import { createRefresher } from '../mechanisms/refresher.ts'
import { createRequestSession, type RequestSession } from '../mechanisms/request-session.ts'
import { createSeal, type Seal } from '../mechanisms/seal.ts'
import type { SessionKind } from '../mechanisms/session-kind.ts'
import { systemClock } from '../mechanisms/system-clock.ts'
import { createVault, type Vault } from '../mechanisms/vault.ts'
import type { TokenEndpoint } from '../ports/authorization-server.ts'
import type { Clock } from '../ports/clock.ts'
import type { KeepAlive, Runtime } from '../ports/runtime.ts'
import { isSecure } from '../rules/allowed-urls.ts'
import { cookieName, parseCookies } from '../rules/cookies.ts'
import type { SessionRecord, UserClaims } from '../rules/session-record.ts'
import type { EventListener } from '../vocabulary/index.ts'
import { type BoundSession, bindSession } from './bound-session.ts'
import { invalid } from './checks.ts'
import { createDetachedSession } from './detached-session.ts'
import { withCookies } from './respond.ts'
import type { TokenSettings } from './token-options.ts'
import type { TokenSession } from './token-session.ts'

/** Handles requests, each with the session of its user. `keepAlive` is the one that came with the request, if any. */
export interface SessionEngine<User extends TokenSession> {
  /** Answers the routes of the library, and runs `application` for every other request, with its user at hand. */
  handle(
    request: Request,
    application: (request: Request, session: User) => Response | Promise<Response>,
    keepAlive?: KeepAlive,
  ): Promise<Response>
  /** The session of a request, named explicitly. */
  session(request: Request, keepAlive?: KeepAlive): User
  /** A server session by what `getId` gave: for queues, schedules and streams. */
  sessionById(id: string, keepAlive?: KeepAlive): User
}

/** Finds the route of the library that a request is for; `undefined` when it is the application's. */
export type Routes = (
  request: Request,
  cookies: ReadonlyMap<string, string>,
  bound: BoundSession,
) => (() => Promise<Response>) | undefined

/** What all features stand on. */
export type Ground<Settings extends TokenSettings> = Omit<Settings, 'store' | 'clock'> & {
  readonly store: GuardedStore
  readonly vault: Vault
  readonly flights: Runtime['flights']
  readonly http: Http
  readonly clock: Clock
  readonly emit: EventListener
  /** Seals one kind of value, for this client alone. */
  sealFor(purpose: string): Seal
}

/** What makes one engine different from another. */
export interface Features<User extends TokenSession> {
  readonly server: TokenEndpoint
  readonly kind: SessionKind
  user(bound: () => BoundSession): User
  readonly claimsOf?: BoundSession['claimsOf']
  readonly routes?: Routes
  /** Comes before a new session can be used. */
  readonly starting?: ((record: SessionRecord) => Promise<void>) | undefined
  /** Told about the user after each refresh. Never rejects. */
  readonly refreshed?: ((claims: UserClaims) => Promise<unknown>) | undefined
}

/** Wires the mechanisms together, and the features that are wanted on top. */
export function assemble<Settings extends TokenSettings, User extends TokenSession>(
  settings: Settings,
  runtime: Runtime,
  equip: (ground: Ground<Settings>) => Features<User>,
): SessionEngine<User> {
  const { secrets, origin, sameSite, idleSeconds, storeTimeoutMs } = settings
  const { clock = systemClock, fetch = (input, init) => globalThis.fetch(input, init) } = settings
  const http = createHttp(fetch, clock, settings.requestTimeoutMs)
  // For this client alone: other applications may have the same secret, and sessions that mean something else.
  const whose = JSON.stringify([settings.issuer, settings.clientId])
  const sealFor = (purpose: string) => createSeal(secrets, `${purpose} ${whose}`)
  const emit = tell(settings.onEvent)
  const random = Math.random
  const store = createGuardedStore({ store: settings.store, clock, emit, storeTimeoutMs, random })
  const vault = createVault(store, sealFor('session'))
  const ground = { ...settings, ...runtime, store, vault, http, clock, sealFor, emit }
  const features = equip(ground)
  const { kind } = features
  const parts = { ...ground, ...features }
  const bindOptions = { ...parts, refresher: createRefresher({ ...parts, random }) }
  const bind = (session: RequestSession) => bindSession(session, bindOptions)
  const userOf = (bound: BoundSession) => features.user(() => bound)

  function open(
    request: Request,
    keepAlive: KeepAlive,
    cookies = parseCookies(request.headers.get('cookie')),
  ): BoundSession {
    const secure = isHttps(origin ?? request.url)
    const name = cookieName(settings.cookieName, secure)
    const attributes = { secure, sameSite }
    const mine = { kind, cookies, cookieName: name, attributes, idleSeconds, clock, emit, keepAlive }
    return bind(createRequestSession(mine))
  }

  return {
    session: (request, keepAlive = runtime.keepAlive) => userOf(open(request, keepAlive)),
    sessionById(id, keepAlive = runtime.keepAlive) {
      const cell = kind.byKey(id)
      if (!cell) throw invalid('session', 'must be "server" to find sessions by their id')
      return userOf(bind(createDetachedSession(cell, keepAlive)))
    },
    async handle(request, application, keepAlive = runtime.keepAlive) {
      const cookies = parseCookies(request.headers.get('cookie'))
      const bound = open(request, keepAlive, cookies)
      const route = features.routes?.(request, cookies, bound)
      if (route) return withCookies(bound, await finished(route(), keepAlive))
      const user = userOf(bound)
      return withCookies(bound, await runtime.context.run(bound, () => application(request, user)))
    },
  }
}

/** What a route has begun, such as signing out, is done even when the browser leaves. */
function finished<T>(work: Promise<T>, keepAlive: KeepAlive): Promise<T> {
  keepAlive(work.catch(() => undefined))
  return work
}

/** A listener that throws must not become the user's trouble. */
function tell(listener: EventListener | undefined): EventListener {
  return (event) => {
    try {
      const told: unknown = listener?.(event)
      if (told instanceof Promise) told.catch(() => undefined)
    } catch {
      // Told in the documentation of `EventListener`.
    }
  }
}

/** S22: plain http is for development on this machine. */
function isHttps(address: string): boolean {
  const url = new URL(address)
  if (isSecure(url)) return url.protocol === 'https:'
  throw invalid('baseUrl', 'is missing: set it to the https address that browsers use')
}
