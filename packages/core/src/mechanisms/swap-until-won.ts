import type { SessionCell, Snapshot } from '../ports/session-cell.ts'
import type { SessionRecord } from '../rules/session-record.ts'
import { OperatorError } from '../vocabulary/index.ts'

export const MAX_SWAPS = 50

/**
 * Changes a session, again and again for as long as somebody else is faster. Resolves to what stands there then, or to
 * `undefined` when there is no session, or `step` makes nothing of it.
 *
 * @param read - As the session is to be seen: `read` or `kept` of the cell.
 * @param step - Makes the next record of the one that is there; when it is the same, nothing is written.
 */
export async function swapUntilWon(
  { swap }: Pick<SessionCell, 'swap'>,
  read: SessionCell['read'],
  step: (record: SessionRecord) => SessionRecord | undefined,
): Promise<Snapshot | undefined> {
  for (let i = 0; i < MAX_SWAPS; i++) {
    const now = await read()
    const next = now && step(now.record)
    if (!next) return undefined
    const snapshot = next === now.record ? now : await swap(now, next)
    if (snapshot) return snapshot
  }
  throw everySwapLost()
}

export function everySwapLost(): OperatorError {
  const message = 'Cannot change the session: the session store lost every swap'
  return new OperatorError('store_unavailable', message, { retryAfterSeconds: 1 })
}
