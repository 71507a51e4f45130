import type { RevokedTokens } from '../rules/session-end.ts'
import type { SessionRecord } from '../rules/session-record.ts'
import type { EndReason } from '../vocabulary/index.ts'

/** One session as it was at a moment. */
export interface Snapshot {
  readonly record: SessionRecord
  /** What the store holds, which the next swap must find there. */
  readonly sealed: string | undefined
}

/** A session that has ended, and the work that remains. */
export interface EndedSession {
  /** The session before its end. If an earlier sign-out was not finished: the tombstone, with the tokens to revoke. */
  readonly record: SessionRecord
  /** Records that the work is done, so that no later sign-out repeats it. Never rejects because of the store. */
  finish(isRevoked: boolean): Promise<void>
}

/** One session, wherever it is kept: read it, swap it, end it. */
export interface SessionCell {
  /** The store key: the hash of the session id. */
  readonly key: string
  /** How many bytes the record may take as JSON. */
  readonly maxRecordBytes: number
  /** The session as the cookie of the browser carries it. `undefined` if the cookie carries only its id. */
  readonly carried?: SessionRecord | undefined
  /** Resolves to `undefined` when the session is over or unknown. */
  read(): Promise<Snapshot | undefined>
  /** As `read`, but a session whose time is over by this clock, which may be wrong, is still there. */
  kept(): Promise<Snapshot | undefined>
  /** As `kept`, but what is left of a session that has ended is there as well, for as long as that is remembered. */
  last(): Promise<Snapshot | undefined>
  /** Resolves to what now stands there, or `undefined` when somebody else was faster. */
  swap(from: Snapshot, to: SessionRecord): Promise<Snapshot | undefined>
  /**
   * Ends the session permanently and emits `session_ended`, in one attempt.
   *
   * @param revoke - Which tokens the caller revokes next. The store keeps them until `finish`. Default: none.
   * @param mayEnd - Whether the session, as the store has it, should end. Default: it should.
   * @returns `undefined` if there is nothing to end and no earlier end to complete.
   * @throws {OperatorError} If the store does not confirm the end. Calling again completes it.
   */
  end(
    reason: EndReason,
    revoke?: RevokedTokens,
    mayEnd?: (record: SessionRecord) => boolean,
  ): Promise<EndedSession | undefined>
  /** Emits `session_ended`, once, for a tombstone that was written by `swap`. */
  reportEnd(reason: EndReason): void
  /**
   * Removes a session that has ended from the index. `finish` does that too. Never rejects because of the store.
   *
   * @param record - The session before its end.
   */
  unlist(record: SessionRecord): Promise<void>
}
