import type { SessionCell } from '../ports/session-cell.ts'
import type { SessionRecord } from '../rules/session-record.ts'
import type { EndReason, EventListener } from '../vocabulary/index.ts'
import { fingerprint } from './digest.ts'

/** Ends a session, if there is one, and tells it by an event. Resolves to its last record. */
export async function endCell(
  cell: SessionCell | undefined,
  reason: EndReason,
  emit: EventListener,
): Promise<SessionRecord | undefined> {
  const last = await cell?.end(reason)
  if (last) emit({ type: 'session_ended', session: fingerprint(last.id), reason })
  return last
}
