import type { SessionCell } from '../ports/session-cell.ts'
import { endsAt, type SessionRecord } from '../rules/session-record.ts'
import { type CellOptions, createStoredCell } from './stored-cell.ts'

/**
 * How long requests may still arrive with the cookie that the browser has meanwhile replaced, in seconds: by a clock
 * that may be minutes behind the store's.
 */
const LATE_REQUEST_SECONDS = 900

/** What fits into the chunks of a cookie when it is sealed, which makes it a third longer. */
export const MAX_RECORD_BYTES = 11_000

/** A session that was over by time when it ended still needs its tombstone for the revocation that follows, in seconds. */
const TOMBSTONE_SECONDS = 300

export interface CookieSession {
  readonly key: string
  /** The session as the cookie has it. `undefined` if only the store can have it. */
  readonly carried: SessionRecord | undefined
  /** Whether the store has every session. One that it does not have is over then. */
  readonly allStored: boolean
}

/**
 * A session in a sealed cookie. A browser cannot compare and swap, so the store holds the newest generation, the
 * successor, until the browser has caught up; and, after the end, the note that the cookie is no good any more.
 */
export function createCookieCell(
  { key, carried, allStored }: CookieSession,
  options: CellOptions,
  maxRecordBytes: number = MAX_RECORD_BYTES,
): SessionCell {
  return createStoredCell(key, options, {
    inStoreAlone: allStored,
    maxRecordBytes: Math.min(maxRecordBytes, MAX_RECORD_BYTES),
    ...(carried && { carried }),
    newest(held) {
      if (!held) return allStored ? undefined : carried
      if (!carried || held.ended || held.generation >= carried.generation) return held
      // The store had written the generation of the cookie before any browser could get it.
      options.vault.reportWentBack?.(carried)
      return carried
    },
    keepUntil(record) {
      if (record.ended) return Math.max(record.expiresAt, options.clock.now() + TOMBSTONE_SECONDS)
      const over = endsAt(record, options.idleSeconds)
      if (!record.caughtUp) return over
      return Math.min(over, Math.max(options.clock.now(), record.touchedAt) + LATE_REQUEST_SECONDS)
    },
  })
}
