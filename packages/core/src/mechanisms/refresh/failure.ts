import type { RefreshAnswer } from '../../ports/authorization-server.ts'
import type { SessionHandle } from '../../ports/session-handle.ts'
import { secondsLeft } from '../../model/back-off.ts'
import { decide, type ReusePolicy } from '../../rules/refresh/decide.ts'
import { withBackOff, withDoubt, withoutLease, withParameterBackOff } from '../../model/ledger-transitions.ts'
import type { ErrorCode, RedactedCause } from '../../vocabulary/index.ts'
import { fingerprint } from '../runtime/digest.ts'
import { swapUntilWon } from '../sessions/stored-session.ts'
import type { RefreshAttempt, RefreshContext, TokenResult } from './attempt.ts'
import { refreshError, toTokenResult } from './token-result.ts'

/** A response that contains no token and does not show that the grant has ended. */
export type Failure = Extract<RefreshAnswer, { readonly cause: RedactedCause }>

const MAX_SENDS = 3
/** The longest pause within one refresh for which a caller can wait, in seconds. */
const MAX_PATIENCE_SECONDS = 2
const FIRST_RETRY_SECONDS = 0.1

/** Errors that concern the parameters of the request and not the client (RFC 6749 §5.2, RFC 8707 §2). */
const ABOUT_PARAMETERS = new Set(['invalid_scope', 'invalid_target'])

const CODES: Record<Failure['kind'], ErrorCode> = {
  misconfigured: 'client_rejected',
  not_processed: 'authorization_server_unavailable',
  ambiguous: 'refresh_outcome_unknown',
}

/**
 * Releases the lease after a failure. Retries the refresh if the policy allows it, and otherwise backs off.
 *
 * @param sends - How often this flight has sent the refresh token.
 * @param firstSentAt - When the flight first sent it, by the monotonic clock in milliseconds.
 * @returns `'again'` if the session must be read again.
 * @throws The typed error that every caller of the flight receives. The session is kept.
 */
export async function recover(
  cell: SessionHandle,
  attempt: RefreshAttempt,
  failure: Failure,
  { sends, firstSentAt }: { readonly sends: number; readonly firstSentAt: number },
  context: RefreshContext,
): Promise<TokenResult | 'again'> {
  const { clock, serverClock, policy, emit, random } = context
  const { kind, cause, retryAfterSeconds } = failure
  const code = CODES[kind]
  const pauseSeconds = Math.max(retryAfterSeconds ?? 0, FIRST_RETRY_SECONDS * 2 ** sends)
  const elapsedMs = clock.elapsed() - firstSentAt
  if (sends < MAX_SENDS && pauseSeconds <= MAX_PATIENCE_SECONDS && mayRetry(kind, elapsedMs, policy.reuse)) {
    // The flight releases the lease, because another process might need it during the line and the pause.
    await release(cell, attempt, (record) => withoutLease(record))
    await clock.sleep(pauseSeconds * 1000 * (1 + random() / 4))
    return 'again'
  }
  emit({ type: 'refresh_failed', session: fingerprint(cell.key), code, cause })
  const options = { retryAfterSeconds, jitter: random() }
  const isFree = await release(cell, attempt, (record) =>
    ABOUT_PARAMETERS.has(cause.error ?? '')
      ? withParameterBackOff(record, attempt.key, code, serverClock.read(), options)
      : withBackOff(record, code, serverClock.read(), options),
  )
  if (isFree) {
    const now = await cell.read()
    if (now?.record.attempt !== attempt.attempt) return 'again'
    const next = decide(now.record, attempt, serverClock.read(), policy)
    const ready = next.do === 'serve' ? toTokenResult(next, now) : undefined
    if (ready) return ready
    const { backOff } = now.record
    if (backOff) throw refreshError(code, secondsLeft(backOff, serverClock.read()), cause)
  }
  throw refreshError(code, retryAfterSeconds ?? 1, cause)
}

/** Releases the lease. Resolves to `false` if the store fails. Then no process refreshes until the lease expires. */
async function release(
  cell: SessionHandle,
  attempt: RefreshAttempt,
  step: typeof withoutLease,
): Promise<boolean> {
  const released = swapUntilWon(cell, cell.readIgnoringExpiry, (record) => {
    if (record.lease?.holder !== attempt.holder) return undefined
    const next = step(record)
    return attempt.inDoubt ? withDoubt(next) : next
  })
  return released.then(
    () => true,
    () => false,
  )
}

function mayRetry(kind: Failure['kind'], elapsedMs: number, reuse: ReusePolicy): boolean {
  if (kind === 'misconfigured') return false
  if (kind === 'not_processed' || reuse === 'tolerant') return true
  if (reuse === 'strict') return false
  // The grace period starts at the first use. The response to the next use must arrive within it.
  return elapsedMs < reuse.graceSeconds * 500
}
