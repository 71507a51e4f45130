import type { RevokedTokens } from '../model/session-end.ts'
import type { SessionRecord } from '../model/session-record.ts'
import type { EndReason } from '../vocabulary/index.ts'

/** One session at one moment. */
export interface Snapshot {
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

/** Restricts the end of a session. */
export interface EndCondition {
  /** Whether the stored session should end. */
  mayEnd(record: SessionRecord): boolean
  /** The session from the latest read. The first attempt then needs no other read. */
  readonly seen?: Snapshot | undefined
}

/** One stored session, with functions to read, swap and end it. */
export interface SessionHandle {
  /** The store key: the hash of the session id. */
  readonly key: string
  /** How many bytes the record may take as JSON. */
  readonly maxRecordBytes: number
  /** The session as the cookie of the browser carries it. `undefined` if the cookie carries only its id. */
  readonly carried?: SessionRecord | undefined
  /** Resolves to `undefined` if the session is over or unknown. */
  read(): Promise<Snapshot | undefined>
  /** Same as `read`, but calls at the same moment share one read of the store, which starts after all of them. */
  readShared(): Promise<Snapshot | undefined>
  /** Same as `read`, but also returns a session that has expired by the clock of this process, which may be wrong. */
  readIgnoringExpiry(): Promise<Snapshot | undefined>
  /** Same as `readIgnoringExpiry`, but also returns the tombstone of a session that has ended, for as long as the store keeps it. */
  readIncludingEnded(): Promise<Snapshot | undefined>
  /** Resolves to the new snapshot, or to `undefined` if another process changed the session first. */
  swap(from: Snapshot, to: SessionRecord): Promise<Snapshot | undefined>
  /**
   * Ends the session permanently and emits `session_ended`, in one attempt.
   *
   * @param revoke - Which tokens the caller revokes next. The store keeps them until `finish`. Default: none.
   * @returns `undefined` if there is nothing to end and no earlier end to complete.
   * @throws {OperatorError} If the store does not confirm the end. Calling again completes it.
   */
  end(reason: EndReason, revoke?: RevokedTokens, condition?: EndCondition): Promise<EndedSession | undefined>
  /** Emits `session_ended`, once, for a tombstone that was written by `swap`. */
  reportEnd(reason: EndReason): void
  /**
   * Removes a session that has ended from the index. `finish` does that too. Never rejects because of the store.
   *
   * @param record - The session before its end.
   */
  unlist(record: SessionRecord): Promise<void>
}
