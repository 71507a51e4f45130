import type { ConnectionRecord } from '../../packages/core/src/model/connection-record.ts'
import type { SessionRecord } from '../../packages/core/src/model/session-record.ts'

/** A record with a grant: that of a session, or that of a stored connection. */
export type OwnerRecord = SessionRecord | ConnectionRecord

/** Whether the server has refused the grant of a stored connection. The record is kept. */
export function isBroken(record: OwnerRecord | undefined): boolean {
  return (
    record !== undefined && 'broken' in record && record.broken !== undefined && !record.broken.isTemporary
  )
}

/** Why a grant is over, in the words of sessions. */
export function endReasonOf(record: OwnerRecord): string | undefined {
  if (record.ended === 'disconnected') return 'signed_out'
  if (record.ended || !isBroken(record)) return record.ended
  const { broken } = record as ConnectionRecord
  return broken?.reason === 'account_changed' ? 'subject_changed' : 'grant_rejected'
}
