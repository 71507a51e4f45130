import type { GrantEnd, LedgerHandle, LedgerSnapshot } from '../../ports/ledger-handle.ts'
import type { KeepAlive } from '../../ports/runtime.ts'
import {
  withDoubt,
  withLastWait,
  withParameterBackOff,
  withSpareInUse,
} from '../../model/ledger-transitions.ts'
import type { LedgerRecord, TokenLedger } from '../../model/token-ledger.ts'
import { reuseOf } from '../../rules/refresh/decide.ts'
import { type Rejection, settleRejection } from '../../rules/refresh/settle.ts'
import { fingerprint } from '../runtime/digest.ts'
import { LISTEN_MS } from '../protocol/http.ts'
import { SHARED_STORE_HINT } from './token-result.ts'
import type { RefreshAttempt, RefreshContext, TokenResult } from './attempt.ts'
import { changeLedger, untilWon } from '../stores/until-won.ts'
import { retryStore } from './persist.ts'

export type RejectionContext = Pick<
  RefreshContext,
  'acquisition' | 'clock' | 'serverClock' | 'emit' | 'isStorePrivate'
>

/** How long a request with parameters is not repeated after the server has refused the grant for it, in seconds. */
const PARAMETERS_PAUSE_SECONDS = 60

/**
 * Processes the refusal of a refresh token by the server.
 *
 * If the request had parameters, the server may have refused only these. The grant then ends only after a plain refresh
 * is refused too.
 *
 * @param isLast - Whether no other request of this flight can still receive a response.
 * @returns `'again'` if the session must be read again, `'listen'` if another response must be awaited first, and
 *   `'try_plain'` if the next request must have no parameters.
 */
export async function handleRejection(
  handle: LedgerHandle,
  attempt: RefreshAttempt,
  isLast: boolean,
  keepAlive: KeepAlive,
  context: RejectionContext,
): Promise<TokenResult | 'again' | 'listen' | 'try_plain'> {
  const isStrict = reuseOf(context.acquisition.policy) === 'strict'
  const settleCurrent = (record: LedgerRecord | undefined) =>
    settleRejection(record, latestOf(attempt, record), isStrict)
  const verdict = settleCurrent((await handle.readIgnoringExpiry())?.record)
  switch (verdict) {
    case 'again':
    case 'replaced':
      // The flight reads the record again and reports the consequences.
      return 'again'
    case 'try_plain':
      if (!isLast) return 'listen'
      return (await change('try_plain', refuseParameters)) ? 'try_plain' : 'again'
    case 'use_spare':
      if (isLast) await change('use_spare', withSpareInUse)
      return isLast ? 'again' : 'listen'
    case 'wait':
      if (isLast) await change('wait', waitForResponse)
      return isLast ? 'again' : 'listen'
    case 'end':
      return isLast ? endGrant(handle, attempt, 'grant_rejected', keepAlive, context) : 'listen'
  }

  /** Changes the record if the verdict about it is unchanged. */
  function change(same: Rejection, step: (ledger: TokenLedger) => TokenLedger) {
    return changeLedger(handle, (record) =>
      settleCurrent(record) === same ? step(record.ledger) : undefined,
    )
  }

  function refuseParameters(ledger: TokenLedger): TokenLedger {
    const pause = { retryAfterSeconds: PARAMETERS_PAUSE_SECONDS }
    return withParameterBackOff(ledger, attempt.key, 'login_required', context.serverClock.read(), pause)
  }

  function waitForResponse(ledger: TokenLedger): TokenLedger {
    return withLastWait(ledger, 'refresh_outcome_unknown', context.serverClock.read(), LISTEN_MS / 1000)
  }
}

/** Judges the requests of one flight by the latest of them, because no other process has the lease. */
function latestOf(attempt: RefreshAttempt, record: LedgerRecord | undefined): RefreshAttempt {
  const isOwn = record?.ledger.lease?.holder === attempt.holder
  return isOwn ? { ...attempt, attempt: record.ledger.attempt } : attempt
}

/**
 * Reports that the server refused a refresh token that another request has replaced.
 *
 * One of the two requests used a spent refresh token. A strict server then ends the grant.
 *
 * @param rejectedToken - The refused refresh token. If the session has no other one, nothing is reported.
 */
export async function reportUsedTwice(
  handle: LedgerHandle,
  rejectedToken: string | undefined,
  emit: RefreshContext['emit'],
): Promise<void> {
  let isReported = false
  await changeLedger(handle, ({ ledger }) => {
    if (ledger.refreshToken === undefined || ledger.refreshToken === rejectedToken) return undefined
    // Report it first, because the loss has happened even if the doubt cannot be stored.
    if (!isReported)
      emit({ type: 'refresh_token_lost', session: fingerprint(handle.key), reason: 'used_twice' })
    isReported = true
    return withDoubt(ledger)
  })
}

/**
 * Stores that the grant has ended, unless another process has replaced the refresh token or is using it.
 *
 * If the store fails, Evertoken retries. Only this process knows that the grant has ended, and the store might have
 * made the swap.
 *
 * @returns `'again'` if the record must be read again.
 */
export async function endGrant(
  handle: LedgerHandle,
  attempt: RefreshAttempt,
  reason: GrantEnd,
  keepAlive: KeepAlive,
  { acquisition: { policy }, clock, emit, isStorePrivate }: RejectionContext,
): Promise<TokenResult | 'again'> {
  const session = fingerprint(handle.key)
  const isStrict = reuseOf(policy) === 'strict'
  const isConsumed = policy.consumes === 'refresh_token'
  const wasUsedElsewhere = isConsumed && reason === 'grant_rejected' && isStorePrivate && !attempt.inDoubt
  let isLost = attempt.inDoubt || wasUsedElsewhere
  let hasSwapped = false
  let before: LedgerSnapshot | undefined

  /** Resolves to whether the grant has ended. */
  async function end(): Promise<boolean | 'again'> {
    const current = await handle.readIncludingEnded()
    if (!current) return false
    // An earlier attempt has ended the grant, but the result of its swap was lost.
    if (hasSwapped && current.record.ended === reason) return true
    const verdict = settleRejection(current.record, latestOf(attempt, current.record), isStrict)
    if (verdict === 'again' || verdict === 'replaced') return false
    reportLoss()
    hasSwapped = true
    // If the response to an earlier swap was lost, this record can already have its result.
    before ??= current
    if ((await handle.refuse(current, reason)) !== 'again') return true
    before = undefined
    return 'again'
  }

  /** Reports it before the swap. If the store makes the swap but its response is lost, no later step can report it. */
  function reportLoss(): void {
    if (isLost && wasUsedElsewhere)
      emit({ type: 'refresh_token_lost', session, reason: 'used_elsewhere', hint: SHARED_STORE_HINT })
    else if (isLost) emit({ type: 'refresh_token_lost', session, reason: 'answer_lost' })
    isLost = false
  }

  const isEnded = await retryStore(clock, () => untilWon(end)).catch((error: unknown) => {
    // This is the last chance to report the end, because the store might have made the swap.
    if (hasSwapped) handle.reportRefusal(reason, before, keepAlive)
    throw error
  })
  if (!isEnded) return 'again'
  handle.reportRefusal(reason, before, keepAlive)
  // Without a refresh token, no user must sign in. The record has a back-off now.
  if (!isConsumed) return 'again'
  return { kind: 'sign_in', code: wasUsedElsewhere ? 'refresh_token_refused' : 'session_ended' }
}
