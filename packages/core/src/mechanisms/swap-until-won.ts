import type { SessionCell, Snapshot } from '../ports/session-cell.ts'
import type { SessionRecord } from '../rules/session-record.ts'
import { OperatorError } from '../vocabulary/index.ts'

export const MAX_SWAPS = 50

/**
 * Changes a session, and retries while other writers are faster.
 *
 * @param read - Reads the session. Pass `read` or `kept` of the cell.
 * @param step - Computes the next record. If it returns the same record, nothing is written.
 * @returns The new state, or `undefined` if the session is missing or `step` returns `undefined`.
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
