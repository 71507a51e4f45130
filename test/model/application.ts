import { endSession } from '../../packages/core/src/mechanisms/sessions/end-session.ts'
import { revokeRefreshToken } from '../../packages/core/src/mechanisms/sessions/revocation.ts'
import { createCookieStrategy } from '../../packages/core/src/mechanisms/sessions/cookie-sessions.ts'
import { createFlights, soloFlights } from '../../packages/core/src/mechanisms/runtime/flights.ts'
import { createGuardedStore } from '../../packages/core/src/mechanisms/stores/guarded-store.ts'
import { createLine } from '../../packages/core/src/mechanisms/refresh/line.ts'
import { createRefreshTokenAcquisition } from '../../packages/core/src/mechanisms/refresh/refreshers.ts'
import { createRefresher } from '../../packages/core/src/mechanisms/refresh/refresher.ts'
import type { CookieMac } from '../../packages/core/src/mechanisms/sessions/cookie-mac.ts'
import { createAuthorizationServers } from '../../packages/core/src/mechanisms/protocol/authorization-servers.ts'
import { createGrantCheck } from '../../packages/core/src/mechanisms/sessions/grant-check.ts'
import { createChunkedCookie } from '../../packages/core/src/mechanisms/sessions/chunked-cookie.ts'
import { createRequestSession } from '../../packages/core/src/mechanisms/sessions/request-session.ts'
import type { Seal } from '../../packages/core/src/mechanisms/sessions/seal.ts'
import {
  createSealedRecords,
  createSealedStore,
  type IsRegistered,
  type SealedStore,
} from '../../packages/core/src/mechanisms/sessions/sealed-store.ts'
import type { ServerClock } from '../../packages/core/src/mechanisms/protocol/server-clock.ts'
import { createServerStrategy } from '../../packages/core/src/mechanisms/sessions/server-sessions.ts'
import type { SessionStrategy } from '../../packages/core/src/mechanisms/sessions/session-strategy.ts'
import type { Clock } from '../../packages/core/src/ports/clock.ts'
import type { TokenServer } from '../../packages/core/src/ports/authorization-server.ts'
import type { SessionStore } from '../../packages/core/src/ports/session-store.ts'
import type { ReusePolicy } from '../../packages/core/src/rules/refresh/decide.ts'
import { tokenKey, type TokenParameters } from '../../packages/core/src/model/token-parameters.ts'
import { type BoundSession, bindSession } from '../../packages/core/src/surface/bound-session.ts'
import type { EventListener } from '../../packages/core/src/vocabulary/index.ts'
import { GRACE_SECONDS } from './authorization-server.ts'
import type { Call } from './history.ts'
import { REGISTRATION, REQUEST_TIMEOUT_MS } from './server-link.ts'
import type { Plan, Profile } from './plan.ts'
import type { Machine } from '../machines/machine.ts'

export const COOKIE = 's'
export const ABSOLUTE_SECONDS = 30 * 86_400
const STORE_TIMEOUT_MS = 2000

const REUSE: Record<Profile, ReusePolicy> = {
  strict: 'strict',
  grace: { graceSeconds: GRACE_SECONDS },
  newest: { graceSeconds: GRACE_SECONDS },
  tolerant: 'tolerant',
  static: 'strict',
}

export interface ApplicationOptions {
  readonly process: Machine
  readonly plan: Plan
  readonly store: SessionStore
  readonly server: TokenServer
  readonly serverClock: ServerClock
  readonly seal: Seal
  readonly emit: EventListener
}

/** Evertoken as one process runs it. Only the seal and the parts behind the ports are models. */
export interface Application {
  open(cookies: ReadonlyMap<string, string>): BoundSession
  /** Acts for the visitor, and writes the result into `call`. */
  perform(bound: BoundSession, call: Call): Promise<void>
}

/** Whether a session is of the one server. */
export const isRegistered: IsRegistered = ({ issuer }) => issuer === REGISTRATION.issuer

/** Signing is not under test. */
const PLAIN_MAC: CookieMac = {
  sign: (value) => Promise.resolve(value),
  open: (value) => Promise.resolve({ value }),
}

export function createKind(
  { kind, idleTimeoutSeconds }: Plan,
  {
    sealedStore,
    clock,
    seal,
    emit,
  }: {
    readonly sealedStore: SealedStore
    readonly clock: Clock
    readonly seal: Seal
    readonly emit: EventListener
  },
): SessionStrategy {
  const options = { sealedStore, clock, idleTimeoutSeconds, emit }
  if (kind === 'server') return createServerStrategy({ ...options, mac: PLAIN_MAC })
  return createCookieStrategy({
    ...options,
    cookies: createSealedRecords(seal, isRegistered),
    registration: REGISTRATION,
  })
}

export function createApplication(options: ApplicationOptions): Application {
  const { process, plan, store, server, serverClock, seal, emit } = options
  const { clock } = process
  const servers = createAuthorizationServers([server])
  // Unhandled rejections must be visible.
  const keepAlive = () => undefined
  const sealedStore = createSealedStore(
    createGuardedStore({ store, emit, clock, storeTimeoutMs: STORE_TIMEOUT_MS }),
    seal,
    isRegistered,
  )
  const kind = createKind(plan, { sealedStore, clock, seal, emit })
  const flights = plan.flights === 'solo' ? soloFlights : createFlights()
  const { serveDuringRefresh, idleTimeoutSeconds } = plan
  const acquisition = createRefreshTokenAcquisition(server, {
    consumes: 'refresh_token',
    reuse: REUSE[plan.profile],
    refreshBeforeExpirySeconds: 60,
    serveDuringRefresh,
  })
  const random = () => process.index / 4
  const serverTimeoutMs = REQUEST_TIMEOUT_MS
  const refresher = createRefresher({
    server,
    flights,
    clock,
    serverClock,
    acquisition,
    emit,
    serverTimeoutMs,
    random,
    storeTimeoutMs: STORE_TIMEOUT_MS,
    line: createLine({ clock, random }),
    isStorePrivate: false,
  })
  const attributes = { secure: true, sameSite: 'Lax' } as const

  async function signOut({ session }: BoundSession): Promise<void> {
    await endSession('signed_out', { session, servers, revoke: true, emit, clock })
  }

  async function obtain(bound: BoundSession, call: Call): Promise<void> {
    const { resource, abortMs } = call.visit
    const request = requestFor(resource)
    const { signal } = leaving(abortMs)
    const demand = { key: tokenKey(request), request, rejected: call.rejected, signal }
    const result = await bound.getToken(demand)
    if (result.kind === 'token') call.token = result.token.value
    else call.signIn = result.code
  }

  function leaving(abortMs: number): { signal: AbortSignal | undefined } {
    if (abortMs === Infinity) return { signal: undefined }
    const controller = new AbortController()
    if (abortMs < 0) controller.abort()
    else void clock.sleep(abortMs).then(() => controller.abort())
    return controller
  }

  return {
    open(cookies) {
      const grantCheck = createGrantCheck(refresher, serverClock)
      const session = createRequestSession({
        strategy: kind,
        cookie: createChunkedCookie({ received: cookies, cookieName: COOKIE, attributes }, clock, emit),
        touch: { idleTimeoutSeconds, isGrantAlive: grantCheck.isAlive },
        clock,
        emit,
        keepAlive,
      })
      return bindSession(session, {
        insecureHosts: [],
        refresher,
        grantCheck,
        clock,
        serverClock,
        registration: REGISTRATION,
        // No token source is used here.
        sources: undefined as never,
        lifetimes: { idleTimeoutSeconds, absoluteTimeoutSeconds: ABSOLUTE_SECONDS },
        origin: undefined,
        basePath: '',
        emit,
        servers,
      })
    },
    async perform(bound, call) {
      switch (call.visit.act) {
        case 'logout':
          return signOut(bound)
        case 'revoke':
          await revokeRefreshToken(bound.session, servers, emit)
          return
        case 'token':
        case 'reject':
          return obtain(bound, call)
      }
    },
  }
}

export function requestFor(resource: string): TokenParameters {
  return resource === '' ? {} : { resource }
}
