import type { LedgerRecord, TokenLedger } from '../../model/token-ledger.ts'
import type { LedgerHandle, LedgerSnapshot } from '../../ports/ledger-handle.ts'
import { everySwapLost, MAX_SWAPS } from '../sessions/stored-session.ts'

/**
 * Changes the stored ledger, and retries while other writers are faster.
 *
 * @param step - Computes the next ledger. If it returns the same ledger, nothing is written.
 * @returns The new state, or `undefined` if the record is missing or `step` returns `undefined`.
 */
export async function changeLedger(
  cell: Pick<LedgerHandle, 'readIgnoringExpiry' | 'swapLedger'>,
  step: (record: LedgerRecord) => TokenLedger | undefined,
): Promise<LedgerSnapshot | undefined> {
  for (let i = 0; i < MAX_SWAPS; i++) {
    const current = await cell.readIgnoringExpiry()
    const next = current && step(current.record)
    if (!next) return undefined
    const snapshot = next === current.record.ledger ? current : await cell.swapLedger(current, next)
    if (snapshot !== 'again') return snapshot
  }
  throw everySwapLost()
}
