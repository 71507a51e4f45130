import { createFlights, soloFlights } from '../../packages/core/src/mechanisms/runtime/flights.ts'
import { createGuardedStore } from '../../packages/core/src/mechanisms/stores/guarded-store.ts'
import { createLine } from '../../packages/core/src/mechanisms/refresh/line.ts'
import { createRefreshTokenAcquisition } from '../../packages/core/src/mechanisms/refresh/refreshers.ts'
import { createRefresher, type Refresher } from '../../packages/core/src/mechanisms/refresh/refresher.ts'
import type { ServerClock } from '../../packages/core/src/mechanisms/protocol/server-clock.ts'
import type { Seal } from '../../packages/core/src/mechanisms/sessions/seal.ts'
import type { GuardedStore } from '../../packages/core/src/mechanisms/stores/guarded-store.ts'
import type { Clock } from '../../packages/core/src/ports/clock.ts'
import type { TokenServer } from '../../packages/core/src/ports/authorization-server.ts'
import type { SessionStore } from '../../packages/core/src/ports/session-store.ts'
import type { ReusePolicy } from '../../packages/core/src/rules/refresh/decide.ts'
import { type TokenParameters, tokenKey } from '../../packages/core/src/model/token-parameters.ts'
import type { EventListener } from '../../packages/core/src/vocabulary/index.ts'
import { GRACE_SECONDS } from './authorization-server.ts'
import { createConnectionVisits, type ConnectionSetting } from './connection-visits.ts'
import type { Call } from './history.ts'
import { REQUEST_TIMEOUT_MS } from './server-link.ts'
import { createSessionVisits } from './session-visits.ts'
import type { Plan, Profile } from './plan.ts'
import type { Machine } from '../machines/machine.ts'

export const STORE_TIMEOUT_MS = 2000

const REUSE: Record<Profile, ReusePolicy> = {
  strict: 'strict',
  grace: { graceSeconds: GRACE_SECONDS },
  newest: { graceSeconds: GRACE_SECONDS },
  tolerant: 'tolerant',
  static: 'strict',
}

export interface ApplicationOptions extends ConnectionSetting {
  readonly process: Machine
  readonly plan: Plan
  readonly store: SessionStore
  readonly server: TokenServer
  readonly serverClock: ServerClock
  readonly seal: Seal
  readonly emit: EventListener
}

/** The parts of one process that both kinds of owners use. */
export interface ApplicationParts extends Omit<ApplicationOptions, 'store'> {
  readonly store: GuardedStore
  readonly clock: Clock
  readonly refresher: Refresher
}

/** One request to an application. */
export interface OpenedVisit {
  /** Acts for the visitor, and writes the result into `call`. */
  perform(call: Call): Promise<void>
  /** Resolves to the cookies of the response. */
  finish(): Promise<readonly string[]>
}

/** Evertoken as one process runs it. Only the seal and the parts behind the ports are models. */
export interface Application {
  open(cookies: ReadonlyMap<string, string>): OpenedVisit
}

export function createApplication({ store, ...options }: ApplicationOptions): Application {
  const { process, plan, server, serverClock, emit } = options
  const { clock } = process
  const random = () => process.index / 4
  const refresher = createRefresher({
    server,
    flights: plan.flights === 'solo' ? soloFlights : createFlights(),
    clock,
    serverClock,
    acquisition: createRefreshTokenAcquisition(server, {
      consumes: 'refresh_token',
      reuse: REUSE[plan.profile],
      refreshBeforeExpirySeconds: 60,
      serveDuringRefresh: plan.serveDuringRefresh,
    }),
    emit,
    serverTimeoutMs: REQUEST_TIMEOUT_MS,
    random,
    storeTimeoutMs: STORE_TIMEOUT_MS,
    line: createLine({ clock, random }),
    isStorePrivate: false,
  })
  const guarded = createGuardedStore({ store, emit, clock, storeTimeoutMs: STORE_TIMEOUT_MS })
  const parts = { ...options, store: guarded, clock, refresher }
  return plan.kind === 'connection' ? createConnectionVisits(parts) : createSessionVisits(parts)
}

/** A caller who leaves after some time. Before the call, if it is negative. */
export function leaving(abortMs: number, clock: Clock): { readonly signal: AbortSignal | undefined } {
  if (abortMs === Infinity) return { signal: undefined }
  const controller = new AbortController()
  if (abortMs < 0) controller.abort()
  else void clock.sleep(abortMs).then(() => controller.abort())
  return controller
}

/** The token that a visitor wants. */
export function wantedBy({ visit: { resource }, rejected }: Call) {
  const request: TokenParameters = resource === '' ? {} : { resource }
  return { key: tokenKey(request), request, rejected }
}
