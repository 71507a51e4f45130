import type { SessionRecord } from '../../model/session-record.ts'
import type { SessionHandle, Snapshot } from '../../ports/session-handle.ts'
import { untilWon } from '../stores/until-won.ts'

export type ChangeResult =
  /** The session is as the step wants it. */
  | { readonly kind: 'done'; readonly snapshot: Snapshot }
  /** The session does not exist, or the step decided against a change. */
  | { readonly kind: 'missing' | 'declined' }

/**
 * Changes a session, and retries while other writers are faster.
 *
 * @param read - Reads the session. Pass one of the read functions of the handle.
 * @param step - Computes the next record. If it returns the same record, nothing is written.
 */
export async function swapUntilWon(
  { swap }: Pick<SessionHandle, 'swap'>,
  read: () => Promise<Snapshot | undefined>,
  step: (record: SessionRecord) => SessionRecord | undefined,
): Promise<ChangeResult> {
  return untilWon<ChangeResult>(async () => {
    const current = await read()
    if (!current) return { kind: 'missing' }
    const next = step(current.record)
    if (!next) return { kind: 'declined' }
    const snapshot = next === current.record ? current : await swap(current, next)
    return snapshot === 'again' ? 'again' : { kind: 'done', snapshot }
  })
}
