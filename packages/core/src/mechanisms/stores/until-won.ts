import type { LedgerRecord, TokenLedger } from '../../model/token-ledger.ts'
import type { LedgerHandle, LedgerSnapshot } from '../../ports/ledger-handle.ts'
import { OperatorError } from '../../vocabulary/index.ts'

/** How often a change is tried again while other writers are faster. */
export const MAX_SWAPS = 50

/**
 * Repeats a change while other writers are faster.
 *
 * @param change - Reads the record and swaps it. Resolves to `'again'` if the swap was lost.
 * @throws {OperatorError} If every swap was lost.
 * @example
 *   const expiresAt = Date.now() / 1000 + 3600
 *   await untilWon(async () => (await store.swap('key', await store.read('key'), 'record', expiresAt)) || 'again')
 */
export async function untilWon<T>(change: () => Promise<T | 'again'>): Promise<T> {
  for (let i = 0; i < MAX_SWAPS; i++) {
    const result = await change()
    if (result !== 'again') return result
  }
  throw everySwapLost()
}

/**
 * Changes the stored ledger, and retries while other writers are faster.
 *
 * @param step - Computes the next ledger. If it returns the same ledger, nothing is written.
 * @returns The new state, or `undefined` if the record is missing or `step` returns `undefined`.
 */
export async function changeLedger(
  handle: Pick<LedgerHandle, 'readIgnoringExpiry' | 'swapLedger'>,
  step: (record: LedgerRecord) => TokenLedger | undefined,
): Promise<LedgerSnapshot | undefined> {
  return untilWon(async () => {
    const current = await handle.readIgnoringExpiry()
    const next = current && step(current.record)
    if (!next) return undefined
    return next === current.record.ledger ? current : handle.swapLedger(current, next)
  })
}

export function everySwapLost(): OperatorError {
  const message = 'Cannot change the session: the session store lost every swap'
  return new OperatorError('store_unavailable', message, { retryAfterSeconds: 1 })
}
