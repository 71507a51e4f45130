import type { SessionRecord } from '../../model/session-record.ts'

/** The newest record of a session that this process wrote. */
export interface WrittenRecord {
  readonly record: SessionRecord
  /** The refresh token that this process last exchanged for another one, which is therefore spent. */
  readonly replaced: string | undefined
}

/**
 * Whether the store returned a record from before one that is known, or one that was made from such a record. Both numbers
 * only grow, each lease has its own attempt, and an end is final.
 */
export function wentBack(held: SessionRecord, known: SessionRecord): boolean {
  if (held.ended) return false
  const [{ lease, attempt }, { lease: knownLease, attempt: knownAttempt }] = [held.ledger, known.ledger]
  const isOtherLease = lease && knownLease && lease.holder !== knownLease.holder
  if (isOtherLease && attempt === knownAttempt) return true
  return known.ended !== undefined || held.generation < known.generation || attempt < knownAttempt
}

/**
 * The record to write over an earlier one, or `undefined` if the earlier one must stay.
 *
 * The record in the store can be a later one of another branch. After the store went back, another process may have
 * refreshed, signed out or revoked. So it is only replaced if its refresh token is known to be spent, or if this
 * process had ended the session. A session that has ended stays ended.
 */
export function restore(
  held: SessionRecord,
  { record: known, replaced }: WrittenRecord,
): SessionRecord | undefined {
  const isSpent = replaced !== undefined && held.ledger.refreshToken === replaced
  if (held.ended || !(known.ended || isSpent)) return undefined
  // Higher numbers than both branches: browsers get a new cookie, and no number names two attempts.
  const generation = Math.max(held.generation, known.generation) + 1
  const attempt = Math.max(held.ledger.attempt, known.ledger.attempt)
  return { ...known, generation, browserIsCurrent: undefined, ledger: { ...known.ledger, attempt } }
}

/** The refresh token that is known to be spent once `next` is written over `previous`. */
export function replacedBy(
  previous: SessionRecord | undefined,
  next: SessionRecord,
  known: WrittenRecord | undefined,
): string | undefined {
  const refreshToken = previous?.ledger.refreshToken
  return refreshToken === undefined || refreshToken === next.ledger.refreshToken
    ? known?.replaced
    : refreshToken
}
