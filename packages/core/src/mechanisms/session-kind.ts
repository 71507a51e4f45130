import type { Clock } from '../ports/clock.ts'
import type { SessionCell } from '../ports/session-cell.ts'
import { endsAt, type SessionRecord } from '../rules/session-record.ts'
import { type EventListener, OperatorError, type RejectionReason } from '../vocabulary/index.ts'
import { createBoundedMap } from './bounded-map.ts'
import { fingerprint } from './digest.ts'
import type { Generations } from './generations.ts'
import type { CellOptions } from './stored-cell.ts'
import type { Vault } from './vault.ts'

/** A session that a cookie led to. */
export interface Found {
  readonly cell: SessionCell
  /** The generation that the cookie itself carries, where it carries the session. */
  readonly generation?: number
}

/** A new session, and the value of the cookie for it. */
export interface Created {
  readonly cell: SessionCell
  readonly record: SessionRecord
  readonly cookie: string
}

/** How a session is kept: in the cookie itself, or in the store with only its id in the cookie. */
export interface SessionKind {
  find(cookie: string): Promise<Found | { readonly rejected: RejectionReason }>
  /** @param make - Makes the first record, for the id that the session gets. */
  create(make: (id: string) => Promise<SessionRecord>): Promise<Created>
  /** The session of a store key, for work outside a request. */
  byKey(key: string): SessionCell | undefined
  /** The session of a store key as the store holds it, which it may not. */
  stored(key: string): Promise<SessionCell | undefined>
  /** Follows the browser of one request, where a new generation has to reach it. */
  follow?(): Generations
}

export interface SessionKindOptions {
  readonly vault: Vault
  readonly clock: Clock
  /** Seconds without use after which a session is over. */
  readonly idleSeconds: number
  readonly emit?: EventListener
}

const MAX_TOLD = 1000

/** Tells once that the time of a session was over, as far as this process knows. Nothing is ended: clocks may be wrong. */
export function withExpiryNotice({ vault, clock, idleSeconds, emit }: SessionKindOptions): CellOptions {
  const told = createBoundedMap<string, true>(MAX_TOLD)
  function expired(key: string, record: SessionRecord): void {
    if (told.get(key)) return
    told.set(key, true)
    const reason = clock.now() < record.expiresAt ? 'idle' : 'expired'
    emit?.({ type: 'session_ended', session: fingerprint(key), reason })
  }
  return { vault, clock, idleSeconds, expired }
}

export async function insert(
  record: SessionRecord,
  { vault, idleSeconds }: SessionKindOptions,
): Promise<void> {
  if (await vault.swap(record.id, undefined, record, endsAt(record, idleSeconds))) return
  throw new OperatorError('store_unavailable', 'Cannot start the session: its key is taken')
}
