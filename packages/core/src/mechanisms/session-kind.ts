import type { Clock } from '../ports/clock.ts'
import type { KeepAlive } from '../ports/runtime.ts'
import type { SessionCell } from '../ports/session-cell.ts'
import { endsAt, type SessionRecord } from '../rules/session-record.ts'
import { type EventListener, OperatorError, type RejectionReason } from '../vocabulary/index.ts'
import { createEndNotices } from './end-notices.ts'
import type { Generations } from './generations.ts'
import { createPendingSignOuts, type PendingSignOuts } from './pending-sign-outs.ts'
import type { CellOptions } from './stored-cell.ts'
import type { Vault } from './vault.ts'

/** A session that a cookie led to. */
export interface Found {
  readonly cell: SessionCell
  /** The generation that the cookie itself carries, where it carries the session. */
  readonly generation?: number
}

/** A session that a request has started, and the value of the cookie for it. */
export interface StartedSession {
  readonly record: SessionRecord
  readonly cookie: string
}

export interface Created extends StartedSession {
  readonly cell: SessionCell
}

/**
 * Makes the first record of a session.
 *
 * @param id - The id that the session gets.
 * @param maxRecordBytes - How many bytes the record may take as JSON.
 */
export type MakeRecord = (id: string, maxRecordBytes: number) => Promise<SessionRecord>

/** How a session is kept: in the cookie itself, or in the store with only its id in the cookie. */
export interface SessionKind {
  find(cookie: string): Promise<Found | { readonly rejected: RejectionReason }>
  /**
   * @param make - Makes the first record.
   * @param keepAlive - Keeps work alive that the caller does not wait for.
   * @param prepare - Comes before the store has the session. If it rejects, there is no session.
   * @throws {SignInRequiredError} If a logout token has ended the session before it could start.
   */
  create(
    make: MakeRecord,
    keepAlive: KeepAlive,
    prepare?: (session: StartedSession) => Promise<void>,
  ): Promise<Created>
  /** The session of a store key, for work outside a request. */
  byKey(key: string): SessionCell | undefined
  /**
   * The session of a store key as the store holds it.
   *
   * @param expiresAt - When the session expires. With it, a session that only its cookie holds can be ended as well.
   */
  stored(key: string, expiresAt?: number): SessionCell
  /** Follows the browser of one request, where a new generation has to reach it. */
  follow?(): Generations
  /** The sign-outs that the store has not confirmed. */
  readonly pending: PendingSignOuts
}

export interface SessionKindOptions {
  readonly vault: Vault
  readonly clock: Clock
  /** Seconds without use after which a session is over. */
  readonly idleSeconds: number
  readonly emit?: EventListener
  /** Removes a session that has ended from the index of the store. */
  readonly unlist?: ((record: SessionRecord) => Promise<unknown>) | undefined
}

/** The parts that all sessions of one kind share. */
export function createCellOptions(options: SessionKindOptions): CellOptions {
  const { vault, clock, idleSeconds, emit, unlist } = options
  return {
    vault,
    clock,
    idleSeconds,
    unlist,
    notices: createEndNotices(emit, clock, idleSeconds),
    pending: createPendingSignOuts(clock, emit),
  }
}

export async function insert(
  record: SessionRecord,
  { vault, idleSeconds }: SessionKindOptions,
): Promise<void> {
  if (await vault.swap(record.id, undefined, record, endsAt(record, idleSeconds))) return
  throw new OperatorError('store_unavailable', 'Cannot start the session: its key is taken')
}
