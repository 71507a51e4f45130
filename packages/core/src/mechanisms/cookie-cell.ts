import type { SessionCell } from '../ports/session-cell.ts'
import { endsAt, type SessionRecord } from '../rules/session-record.ts'
import { type CellOptions, createStoredCell } from './stored-cell.ts'

/**
 * How long requests may still arrive with a cookie that the browser has already replaced, in seconds. The clock that
 * measures this may be minutes behind the clock of the store.
 */
const LATE_REQUEST_SECONDS = 900

/** The largest record that fits into the chunks of a cookie, in bytes. Encryption makes the record a third longer. */
export const MAX_RECORD_BYTES = 11_000

/** How long an expired session keeps its tombstone after its end, in seconds. The revocation that follows needs it. */
const TOMBSTONE_SECONDS = 300

export interface CookieSession {
  readonly key: string
  /** The session that the cookie carries. `undefined` if only the store can hold the session. */
  readonly carried: SessionRecord | undefined
  /** Whether the store holds every session. If so, a session that is missing from the store has ended. */
  readonly allStored: boolean
}

/**
 * Creates the cell of a session in an encrypted cookie.
 *
 * A browser cannot compare and swap. The store therefore holds the newest generation until the browser has caught up.
 * After the session ends, the store holds a tombstone, which makes the cookie invalid.
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
      // The store held the generation of the cookie before any browser could receive it.
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
