import { createManualClock, type ManualClock } from '@evertoken/testkit'
import { type CookieMac, createCookieMac } from '../../src/mechanisms/sessions/cookie-mac.ts'
import { createGuardedStore } from '../../src/mechanisms/stores/guarded-store.ts'
import { createMemoryStore } from '../../src/mechanisms/stores/memory-store.ts'
import { createSeal } from '../../src/mechanisms/sessions/seal.ts'
import {
  createSealedRecords,
  type SealedRecords,
  createSealedStore,
  type SealedStore,
} from '../../src/mechanisms/sessions/sealed-store.ts'
import type { SessionStore } from '../../src/ports/session-store.ts'
import { newSession } from '../../src/model/session-transitions.ts'
import type { TokenLedger } from '../../src/model/token-ledger.ts'
import type { Registration, SessionRecord } from '../../src/model/session-record.ts'
import type { EvertokenEvent } from '../../src/vocabulary/index.ts'

export const SECRET = 'a secret of thirty-two characters'
export const REGISTRATION = { issuer: 'https://login.example.com', clientId: 'web' }
export const IDLE = 3600
export const LIFE = 86_400
export const STORE_TIMEOUT_MS = 5000

export interface Bench {
  readonly clock: ManualClock
  readonly store: SessionStore
  readonly sealedStore: SealedStore
  readonly cookies: SealedRecords
  readonly mac: CookieMac
  readonly events: EvertokenEvent[]
  readonly emit: (event: EvertokenEvent) => void
}

/** A sealed store over a memory store in virtual time; `tweak` may break some of the store. */
export function createBench(
  tweak: (store: SessionStore) => Partial<SessionStore> = () => ({}),
  secrets: readonly [string, ...string[]] = [SECRET],
): Bench {
  const clock = createManualClock()
  const events: EvertokenEvent[] = []
  const honest = createMemoryStore({ clock })
  const store = { ...honest, ...tweak(honest) }
  const emit = (event: EvertokenEvent) => void events.push(event)
  const seal = createSeal(secrets, 'session')
  const guarded = createGuardedStore({ store, emit, clock, storeTimeoutMs: STORE_TIMEOUT_MS })
  const sealedStore = createSealedStore(guarded, seal, isRegistered)
  const cookies = createSealedRecords(createSeal(secrets, 'cookie'), isRegistered)
  const mac = createCookieMac(secrets, 'server session')
  return { clock, store, sealedStore, cookies, mac, events, emit }
}

/** Whether a session is of the server and client of these tests. */
export function isRegistered({ issuer, clientId }: Registration): boolean {
  return issuer === REGISTRATION.issuer && clientId === REGISTRATION.clientId
}

export function createRecord(
  now: number,
  changes: Partial<SessionRecord> = {},
  ledger: Partial<TokenLedger> = {},
): SessionRecord {
  const base = { id: 'id'.padEnd(43, '0'), ...REGISTRATION, expiresAt: now + LIFE }
  const accessToken = { value: 'at', type: 'Bearer', obtainedAt: now, expiresAt: now + 300 } as const
  const record = newSession({ ...base, claims: { sub: 'u' } }, { accessToken, refreshToken: 'rt' }, '', now)
  return { ...record, ledger: { ...record.ledger, ...ledger }, ...changes }
}

export function hangs(): Promise<never> {
  return new Promise(() => undefined)
}

/** Resolves when so many wait on the clock, or `work` is done: from there time may move. */
export async function asleep(clock: ManualClock, work: Promise<unknown>, sleepers = 1): Promise<void> {
  let done = false
  const settle = () => void (done = true)
  work.then(settle, settle)
  while (!done && clock.pending < sleepers) await new Promise((resolve) => setTimeout(resolve))
}

/** The error of a call. */
export async function failureOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => {
      throw new Error('It should have failed')
    },
    (error: unknown) => error,
  )
}

/** Returns what a swap has written. Throws if it was lost. */
export function won<Written>(result: Written | 'again'): Written {
  if (result === 'again') throw new Error('The swap was lost')
  return result
}
