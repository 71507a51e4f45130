import type { Clock } from '../../ports/clock.ts'
import type { KeepAlive } from '../../ports/runtime.ts'
import type { SessionCell } from '../../ports/session-cell.ts'
import { endsAt, type SessionRecord } from '../../model/session-record.ts'
import { type EventListener, OperatorError, type RejectionReason } from '../../vocabulary/index.ts'
import { createEndNotices } from './end-notices.ts'
import type { Generations } from './generations.ts'
import { createPendingSignOuts, type PendingSignOuts } from './pending-sign-outs.ts'
import type { CellOptions } from './stored-cell.ts'
import type { Vault } from './sealed-store.ts'

/** A session that was found by its cookie. */
export interface Found {
  readonly cell: SessionCell
  /** The generation in the cookie, if the cookie carries the session. */
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
 * Creates the first record of a session.
 *
 * @param id - The ID of the new session.
 * @param maxRecordBytes - The maximum size of the record as JSON, in bytes.
 */
export type MakeRecord = (id: string, maxRecordBytes: number) => Promise<SessionRecord>

/** Defines where a session is stored: in its cookie, or in the store with only an ID in the cookie. */
export interface SessionKind {
  find(cookie: string): Promise<Found | { readonly rejected: RejectionReason }>
  /**
   * @param make - Creates the first record.
   * @param keepAlive - Keeps work alive that the caller does not wait for.
   * @param prepare - Called before the session is stored. If it rejects, no session is created.
   * @throws {SignInRequiredError} If a logout token has ended the session before it could start.
   */
  create(
    make: MakeRecord,
    keepAlive: KeepAlive,
    prepare?: (session: StartedSession) => Promise<void>,
  ): Promise<Created>
  /** Returns the session of a store key, for work outside a request. */
  byKey(key: string): SessionCell | undefined
  /**
   * Returns the session of a store key as it is in the store.
   *
   * @param expiresAt - When the session expires. If set, a session that only its cookie holds can also be ended.
   */
  stored(key: string, expiresAt?: number): SessionCell
  /** Tracks the browser of one request, if new generations must reach it. */
  follow?(): Generations
  /** Manages the sign-outs that the store has not confirmed. */
  readonly pending: PendingSignOuts
}

export interface SessionKindOptions {
  readonly vault: Vault
  readonly clock: Clock
  /** Maximum inactivity, in seconds. */
  readonly idleTimeoutSeconds: number
  readonly emit?: EventListener
  /** Removes a session that has ended from the index of the store. */
  readonly unlist?: ((record: SessionRecord) => Promise<unknown>) | undefined
}

/** Creates the parts that all sessions of one kind share. */
export function createCellOptions(options: SessionKindOptions): CellOptions {
  const { vault, clock, idleTimeoutSeconds, emit, unlist } = options
  return {
    vault,
    clock,
    idleTimeoutSeconds,
    unlist,
    notices: createEndNotices(emit, clock, idleTimeoutSeconds),
    pending: createPendingSignOuts(clock, emit),
  }
}

export async function insert(
  record: SessionRecord,
  { vault, idleTimeoutSeconds }: SessionKindOptions,
): Promise<void> {
  if (await vault.swap(record.id, undefined, record, endsAt(record, idleTimeoutSeconds))) return
  throw new OperatorError('store_unavailable', 'Cannot start the session: its key is taken')
}
