import type { SessionCell } from '../ports/session-cell.ts'
import { endsAt } from '../rules/session-record.ts'
import { type CellOptions, createStoredCell } from './stored-cell.ts'

/** A session that was over by time when it ended still needs its tombstone for the revocation that follows, in seconds. */
const TOMBSTONE_SECONDS = 300

/** A server session: the store holds it, the cookie only its id. */
export function createServerCell(key: string, options: CellOptions): SessionCell {
  return createStoredCell(key, options, {
    inStoreAlone: true,
    maxRecordBytes: Infinity,
    newest: (held) => held,
    keepUntil(record) {
      const over = endsAt(record, options.idleSeconds)
      // A record that is missing before its time was lost, because the end of a session leaves a tombstone until then.
      return record.ended ? Math.max(over, options.clock.now() + TOMBSTONE_SECONDS) : over
    },
  })
}
