import type { RevokedTokens } from '../model/session-end.ts'
import type { SessionRecord } from '../model/session-record.ts'
import type { UserClaims } from '../model/token-grant.ts'
import type { EndReason } from '../vocabulary/index.ts'
import type { LedgerHandle, LedgerSnapshot } from './ledger-handle.ts'
import type { KeepAlive } from './runtime.ts'

/** One session at one moment. */
export interface Snapshot extends LedgerSnapshot {
  readonly record: SessionRecord
  /** The stored value. The next swap must find it unchanged. */
  readonly sealed: string | undefined
}

/** A session that has ended, and the work that remains. */
export interface EndedSession {
  /** The session before its end. If an earlier sign-out was not finished: the tombstone, with the tokens to revoke. */
  readonly record: SessionRecord
  /** Records that the work is done, so that no later sign-out repeats it. Never rejects because of the store. */
  finish(isRevoked: boolean): Promise<void>
}

/** A refresh whose tokens were stored. */
export interface StoredRefresh {
  readonly handle: SessionHandle
  /** The session before and after the response. */
  readonly before: SessionRecord
  readonly after: SessionRecord
  /** The claims of the ID token in the response. A cookie session might not have enough space for the token. */
  readonly claims: UserClaims | undefined
  readonly keepAlive: KeepAlive
}

/** Restricts the end of a session. */
export interface EndCondition {
  /** Whether the stored session should end. */
  mayEnd(record: SessionRecord): boolean
  /** The session from the latest read. The first attempt then needs no other read. */
  readonly seen?: Snapshot | undefined
  /** The key of the session that continues the grant. */
  readonly successor?: string
}

/** One stored session, with functions to read, swap and end it. The key is the hash of the session id. */
export interface SessionHandle extends LedgerHandle<Snapshot> {
  /** How many bytes the record may take as JSON. */
  readonly maxRecordBytes: number
  /** The name of the registration that the session belongs to, if another registration of the application has found it. */
  readonly owner?: string
  /** The session as the cookie of the browser carries it. `undefined` if the cookie carries only its id. */
  readonly carried?: SessionRecord | undefined
  /**
   * Returns the session without a promise, or `undefined` if `read` must be called. Absent unless the store is in memory.
   *
   * @param now - The time by the wall clock, if the caller has just read it.
   */
  readonly readNow?: ((now?: number) => Snapshot | undefined) | undefined
  /** Same as `read`, but calls at the same moment share one read of the store, which starts after all of them. */
  readShared(): Promise<Snapshot | undefined>
  /** Replaces the session. Resolves to `'again'` if another process changed it first. */
  swap(from: Snapshot, to: SessionRecord): Promise<Snapshot | 'again'>
  /**
   * Ends the session permanently and emits `session_ended`, in one attempt.
   *
   * @param revoke - Which tokens the caller revokes next. The store keeps them until `finish`. Default: none.
   * @returns `undefined` if there is nothing to end and no earlier end to complete.
   * @throws {OperatorError} If the store does not confirm the end. Calling again completes it.
   */
  end(reason: EndReason, revoke?: RevokedTokens, condition?: EndCondition): Promise<EndedSession | undefined>
}
