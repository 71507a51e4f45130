import type { SessionCell } from '../ports/session-cell.ts'
import { endsAt } from '../rules/session-record.ts'
import { type CellOptions, createStoredCell } from './stored-cell.ts'

/** How long the store remembers why a session ended, in seconds. */
const TOMBSTONE_SECONDS = 300

/** A server session: the store holds it, the cookie only its id. */
export function createServerCell(key: string, options: CellOptions): SessionCell {
  return createStoredCell(key, options, {
    inStoreAlone: true,
    maxRecordBytes: Infinity,
    newest: (held) => held,
    keepUntil: (record) =>
      record.ended ? options.clock.now() + TOMBSTONE_SECONDS : endsAt(record, options.idleSeconds),
  })
}
