import type { SessionRecord } from '../rules/session-record.ts'
import type { EndReason } from '../vocabulary/index.ts'

/** One session as it was at a moment. */
export interface Snapshot {
  readonly record: SessionRecord
  /** What the store holds, which the next swap must find there. */
  readonly sealed: string | undefined
}

/** One session, wherever it is kept: read it, swap it, end it. */
export interface SessionCell {
  /** The store key: the hash of the session id. */
  readonly key: string
  /** How many bytes the record may take as JSON. */
  readonly maxRecordBytes: number
  /** Resolves to `undefined` when the session is over or unknown. */
  read(): Promise<Snapshot | undefined>
  /** As `read`, but a session whose time is over by this clock, which may be wrong, is still there. */
  kept(): Promise<Snapshot | undefined>
  /** As `kept`, but what is left of a session that has ended is there as well, for as long as that is remembered. */
  last(): Promise<Snapshot | undefined>
  /** Resolves to what now stands there, or `undefined` when somebody else was faster. */
  swap(from: Snapshot, to: SessionRecord): Promise<Snapshot | undefined>
  /** Ends the session for good. Resolves to its last record. */
  end(reason: EndReason): Promise<SessionRecord | undefined>
}
