import type { SessionCell } from '../ports/session-cell.ts'
import { endsAt } from '../rules/session-record.ts'
import { TOMBSTONE_SECONDS } from './end-notices.ts'
import { type CellOptions, createStoredCell } from './stored-cell.ts'

/** Creates the cell of a server session. The store holds the session, and the cookie only its ID. */
export function createServerCell(key: string, options: CellOptions): SessionCell {
  return createStoredCell(key, options, {
    inStoreAlone: true,
    maxRecordBytes: Infinity,
    newest: (held) => held,
    keepUntil: (record) =>
      record.ended ? options.clock.now() + TOMBSTONE_SECONDS : endsAt(record, options.idleSeconds),
  })
}
