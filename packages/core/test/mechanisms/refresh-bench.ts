import { createManualClock, type ManualClock } from '@evertoken/testkit'
import { createFlights } from '../../src/mechanisms/runtime/flights.ts'
import { createGuardedStore } from '../../src/mechanisms/stores/guarded-store.ts'
import { createMemoryStore } from '../../src/mechanisms/stores/memory-store.ts'
import { createLine } from '../../src/mechanisms/refresh/line.ts'
import {
  createRefresher,
  type Refresher,
  type RefresherOptions,
} from '../../src/mechanisms/refresh/refresher.ts'
import { createRefreshTokenAcquisition } from '../../src/mechanisms/refresh/refreshers.ts'
import type { TokenCall } from '../../src/mechanisms/refresh/attempt.ts'
import type { Seal } from '../../src/mechanisms/sessions/seal.ts'
import { createServerHandle } from '../../src/mechanisms/sessions/server-sessions.ts'
import { createHandleOptions } from '../../src/mechanisms/sessions/session-strategy.ts'
import { createSealedStore } from '../../src/mechanisms/sessions/sealed-store.ts'
import type { RefreshResult, TokenServer } from '../../src/ports/authorization-server.ts'
import type { SessionHandle } from '../../src/ports/session-handle.ts'
import type { SessionStore } from '../../src/ports/session-store.ts'
import type { RefreshPolicy, ReusePolicy } from '../../src/rules/refresh/decide.ts'
import { EMPTY_LEDGER, type TokenLedger } from '../../src/model/token-ledger.ts'
import type { TokenParameters } from '../../src/model/token-parameters.ts'
import type { SessionRecord } from '../../src/model/session-record.ts'
import type { EvertokenEvent, RevocationOutcome } from '../../src/vocabulary/index.ts'
import { createRecord, IDLE, isRegistered, LIFE, REGISTRATION, STORE_TIMEOUT_MS } from './bench.ts'
import { createBlankServerClock } from './server-clock-bench.ts'

export const REQUEST_TIMEOUT_MS = 10_000
export const SESSION = 'id'.padEnd(8, '0')

/** A token request whose response the test chooses. */
export interface SentRequest {
  readonly refreshToken: string
  readonly parameters: TokenParameters
  /** By the monotonic clock, in milliseconds. */
  readonly sentAt: number
  readonly attempt: number
  answer(answer: RefreshResult): void
}

export interface RefreshBenchOptions {
  readonly reuse?: ReusePolicy
  readonly ledger?: Partial<TokenLedger>
  readonly tweak?: (store: SessionStore) => Partial<SessionStore>
  readonly policy?: Partial<Pick<RefreshPolicy, 'serveDuringRefresh'>>
  readonly isStorePrivate?: boolean
  /** The outcome of the next revocation. Default: `revoked`. */
  readonly revoke?: () => RevocationOutcome | undefined
  /** Whether the server responds to a probe. */
  readonly isResponding?: () => Promise<boolean>
}

export interface RefreshBench {
  readonly clock: ManualClock
  readonly cell: SessionHandle
  readonly sent: SentRequest[]
  readonly revoked: string[]
  readonly events: EvertokenEvent[]
  readonly probes: () => number
  /** The background work that is kept alive. No test end waits for it. */
  readonly kept: Promise<unknown>[]
  /** Another process, with the same store and server. */
  process(changes?: Partial<RefresherOptions>): Refresher
  /** Asks a process for a token, and notes how it ends. */
  ask(refresher: Refresher, call?: Partial<TokenCall>): Promise<string>
  /** The same for another session. */
  askForAnother(refresher: Refresher): Promise<string>
  /** The ledger of the session, and whether it has ended. Absent members are `undefined`. */
  record(): Promise<TokenLedger & { readonly ended: SessionRecord['ended'] | undefined }>
  /** Lets time pass until so many requests were sent. */
  untilSent(count: number): Promise<SentRequest>
  eventsOf<T extends EvertokenEvent['type']>(type: T): Extract<EvertokenEvent, { type: T }>[]
}

const POLICY = {
  consumes: 'refresh_token',
  refreshBeforeExpirySeconds: 60,
  serveDuringRefresh: true,
} as const

/** Processes that share one session whose access token has expired, and a server that the test plays. */
export async function createRefreshBench(options: RefreshBenchOptions = {}): Promise<RefreshBench> {
  const { reuse = 'strict', isStorePrivate = false } = options
  const clock = createManualClock()
  const events: EvertokenEvent[] = []
  const emit = (event: EvertokenEvent) => void events.push(event)
  const memory = createMemoryStore({ clock })
  const store = { ...memory, ...options.tweak?.(memory) }
  const guarded = createGuardedStore({ store, emit, clock, storeTimeoutMs: STORE_TIMEOUT_MS })
  const sealedStore = createSealedStore(guarded, createPlainSeal(), isRegistered)
  const start = createRecord(clock.now(), {}, { tokens: {}, ...options.ledger })
  await sealedStore.swap(start.id, undefined, start, clock.now() + LIFE)
  const ofAnother = { ...start.ledger, refreshToken: 'rt-of-another' }
  const another = { ...start, id: 'other'.padEnd(43, '0'), ledger: ofAnother }
  await sealedStore.swap(another.id, undefined, another, clock.now() + LIFE)
  const [cell, otherCell] = [start, another].map(({ id }) =>
    createServerHandle(id, createHandleOptions({ sealedStore, clock, idleTimeoutSeconds: IDLE, emit })),
  ) as [SessionHandle, SessionHandle]
  const sent: SentRequest[] = []
  const revoked: string[] = []
  const kept: Promise<unknown>[] = []
  let probes = 0

  const server: TokenServer = {
    registration: REGISTRATION,
    ready: () => Promise.resolve(),
    async refresh({ refreshToken, parameters }) {
      const sentAt = clock.elapsed()
      let answer: SentRequest['answer'] = () => undefined
      const answered = new Promise<RefreshResult>((resolve) => (answer = resolve))
      sent.push({ refreshToken, parameters, sentAt, attempt: sent.length + 1, answer })
      return answered
    },
    isResponding() {
      probes++
      return options.isResponding?.() ?? Promise.resolve(false)
    },
    async revoke(token) {
      revoked.push(token)
      return options.revoke?.() ?? 'revoked'
    },
  }
  const policy: RefreshPolicy = { ...POLICY, reuse, ...options.policy }

  function process(changes: Partial<RefresherOptions> = {}): Refresher {
    const random = () => 0
    const line = createLine({ clock, random })
    const times = { serverTimeoutMs: REQUEST_TIMEOUT_MS, storeTimeoutMs: STORE_TIMEOUT_MS }
    const serverClock = createBlankServerClock(clock)
    const acquisition = createRefreshTokenAcquisition(server, policy)
    const parts = { server, acquisition, clock, serverClock, emit, random, isStorePrivate }
    return createRefresher({ ...parts, flights: createFlights(), line, ...times, ...changes })
  }

  async function ask(refresher: Refresher, call: Partial<TokenCall> = {}, from = cell): Promise<string> {
    const keepAlive = (work: Promise<unknown>) => void kept.push(work)
    try {
      const seen = await from.read()
      const result = await refresher.token(from, seen, { key: '', request: {}, keepAlive, ...call })
      return result.kind === 'token' ? result.token.value : result.code
    } catch (error) {
      return (error as { readonly code?: string }).code ?? String(error)
    }
  }

  return {
    clock,
    cell,
    sent,
    revoked,
    events,
    probes: () => probes,
    kept,
    process,
    ask,
    askForAnother: (refresher) => ask(refresher, {}, otherCell),
    async record() {
      const { ended, ledger = EMPTY_LEDGER } = (await cell.readIncludingEnded())?.record ?? {}
      return { lease: undefined, doubt: undefined, spare: undefined, ...ledger, ended }
    },
    async untilSent(count) {
      for (let i = 0; i < 4000 && sent.length < count; i++) {
        await clock.advance(i < 5 ? 0 : 20)
        await settle()
      }
      const request = sent[count - 1]
      if (!request) throw new Error(`Only ${sent.length} requests were sent`)
      return request
    },
    eventsOf<T extends EvertokenEvent['type']>(type: T) {
      return events.filter((event): event is Extract<EvertokenEvent, { type: T }> => event.type === type)
    },
  }
}

/** A response with new tokens of this name. */
export function granted(bench: RefreshBench, name: string, date?: number): RefreshResult {
  const now = bench.clock.now()
  const accessToken = { value: `at-${name}`, type: 'Bearer', obtainedAt: now, expiresAt: now + 3600 } as const
  return { kind: 'refreshed', grant: { accessToken, refreshToken: `rt-${name}` }, date }
}

/** Lets time pass in small steps, so that work between two timers is done in its time. */
export async function pass({ clock }: RefreshBench, ms: number, stepMs = 100): Promise<void> {
  for (let passed = 0; passed < ms; passed += stepMs) {
    await clock.advance(Math.min(stepMs, ms - passed))
    await settle()
  }
}

/** Hashes are made by other threads, which the manual clock does not see. */
async function settle(): Promise<void> {
  for (let i = 0; i < 2; i++) await crypto.subtle.digest('SHA-256', new Uint8Array(1))
  await new Promise((resolve) => setTimeout(resolve))
}

/** Seals nothing, so that it needs no other thread. */
function createPlainSeal(): Seal {
  let count = 0
  return {
    seal: async (value) => `${(count += 1)} ${JSON.stringify(value)}`,
    keyIds: async () => ['plain'],
    unseal: async (sealed) => ({ value: JSON.parse(sealed.replace(/^\d+ /, '')) as unknown }),
  }
}
