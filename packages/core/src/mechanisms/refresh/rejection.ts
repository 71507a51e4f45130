import type { SessionHandle } from '../../ports/session-handle.ts'
import { withDoubt, withLastWait, withSpareInUse } from '../../model/ledger-transitions.ts'
import { ended, type SessionRecord } from '../../model/session-record.ts'
import { type Rejection, settleRejection } from '../../rules/refresh/settle.ts'
import { fingerprint } from '../runtime/digest.ts'
import { LISTEN_MS } from '../protocol/http.ts'
import { SHARED_STORE_HINT } from './token-result.ts'
import { swapUntilWon } from '../sessions/stored-session.ts'
import type { RefreshAttempt, RefreshContext, TokenResult } from './attempt.ts'
import { type PersistContext, retryStore } from './persist.ts'

/**
 * Processes the refusal of a refresh token by the server.
 *
 * @param isLast - Whether no other request of this flight can still receive a response.
 * @returns `'again'` if the session must be read again, `'listen'` if another response must be awaited first.
 */
export async function handleRejection(
  cell: SessionHandle,
  attempt: RefreshAttempt,
  isLast: boolean,
  context: PersistContext,
): Promise<TokenResult | 'again' | 'listen'> {
  const { policy, serverClock } = context
  const judge = (record: SessionRecord | undefined) =>
    settleRejection(record, latestOf(attempt, record), policy.reuse === 'strict')
  const verdict = judge((await cell.readIgnoringExpiry())?.record)
  switch (verdict) {
    case 'again':
    case 'replaced':
      // The flight reads the record again and reports the consequences.
      return 'again'
    case 'use_spare':
      if (isLast) await change('use_spare', withSpareInUse)
      return isLast ? 'again' : 'listen'
    case 'wait':
      if (isLast) await change('wait', waitForResponse)
      return isLast ? 'again' : 'listen'
    case 'end':
      return isLast ? endSession(cell, attempt, 'grant_rejected', context) : 'listen'
  }

  /** Changes the record if the verdict about it is unchanged. */
  function change(same: Rejection, step: (record: SessionRecord) => SessionRecord) {
    return swapUntilWon(cell, cell.readIgnoringExpiry, (record) =>
      judge(record) === same ? step(record) : undefined,
    )
  }

  function waitForResponse(record: SessionRecord): SessionRecord {
    return withLastWait(record, 'refresh_outcome_unknown', serverClock.read(), LISTEN_MS / 1000)
  }
}

/** Judges the requests of one flight by the latest of them, because no other process has the lease. */
function latestOf(attempt: RefreshAttempt, record: SessionRecord | undefined): RefreshAttempt {
  const isOwn = record?.lease?.holder === attempt.holder
  return isOwn ? { ...attempt, attempt: record.attempt } : attempt
}

/**
 * Reports that the server refused a refresh token that another request has replaced.
 *
 * One of the two requests used a spent refresh token. A strict server then ends the grant.
 *
 * @param refused - The refused refresh token. If the session has no other one, nothing is reported.
 */
export async function reportUsedTwice(
  cell: SessionHandle,
  refused: string,
  { emit }: RefreshContext,
): Promise<void> {
  let isReported = false
  await swapUntilWon(cell, cell.readIgnoringExpiry, (record) => {
    if (record.refreshToken === undefined || record.refreshToken === refused) return undefined
    // Report it first, because the loss has happened even if the doubt cannot be stored.
    if (!isReported)
      emit({ type: 'refresh_token_lost', session: fingerprint(cell.key), reason: 'used_twice' })
    isReported = true
    return withDoubt(record)
  })
}

/**
 * Ends the session, unless another process has replaced the refresh token or is using it.
 *
 * If the store fails, Evertoken retries. Only this process knows that the session ends, and the store might have made
 * the swap.
 *
 * @returns `'again'` if the session was not ended.
 */
export async function endSession(
  cell: SessionHandle,
  attempt: RefreshAttempt,
  reason: 'grant_rejected' | 'subject_changed',
  { clock, emit, policy, isStorePrivate, keepAlive }: PersistContext,
): Promise<TokenResult | 'again'> {
  const session = fingerprint(cell.key)
  const isStrict = policy.reuse === 'strict'
  const wasUsedElsewhere = reason === 'grant_rejected' && isStorePrivate && !attempt.inDoubt
  let isLost = attempt.inDoubt || wasUsedElsewhere
  let hasSwapped = false
  let before: SessionRecord | undefined
  const step = (record: SessionRecord) => {
    // An earlier attempt has ended the session, but the result of its swap was lost.
    if (hasSwapped && record.ended === reason) return record
    const verdict = settleRejection(record, latestOf(attempt, record), isStrict)
    if (verdict === 'again' || verdict === 'replaced') return undefined
    // Report it first. If the store makes the swap but its response is lost, no later step can report it.
    if (isLost && wasUsedElsewhere)
      emit({ type: 'refresh_token_lost', session, reason: 'used_elsewhere', hint: SHARED_STORE_HINT })
    else if (isLost) emit({ type: 'refresh_token_lost', session, reason: 'answer_lost' })
    isLost = false
    hasSwapped = true
    before = record
    return ended(record, reason)
  }
  const end = () => swapUntilWon(cell, cell.readIncludingEnded, step)
  const report = () => {
    cell.reportEnd(reason)
    if (before) keepAlive(cell.unlist(before))
  }
  const won = await retryStore(clock, end).catch((error: unknown) => {
    // This is the last chance to report the end, because the store might have made the swap.
    if (hasSwapped) report()
    throw error
  })
  if (won.kind !== 'done') return 'again'
  report()
  return { signIn: wasUsedElsewhere ? 'refresh_token_refused' : 'session_ended' }
}
