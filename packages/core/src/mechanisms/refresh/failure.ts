import type { RefreshResult } from '../../ports/authorization-server.ts'
import type { LedgerHandle } from '../../ports/ledger-handle.ts'
import { type Consumption, decide, failureOf, reuseOf, type ReusePolicy } from '../../rules/refresh/decide.ts'
import { withBackOff, withDoubt, withoutLease, withParameterBackOff } from '../../model/ledger-transitions.ts'
import type { TokenLedger } from '../../model/token-ledger.ts'
import type { ErrorCode, RedactedCause } from '../../vocabulary/index.ts'
import { fingerprint } from '../runtime/digest.ts'
import type { RefreshAttempt, RefreshContext, TokenResult } from './attempt.ts'
import { changeLedger } from '../stores/until-won.ts'
import { refreshError, toTokenResult } from './token-result.ts'

/** A response that contains no token and does not show that the grant has ended. */
export type Failure = Extract<RefreshResult, { readonly cause: RedactedCause }>

const MAX_SENDS = 3
/** The longest pause within one refresh for which a caller can wait, in seconds. */
const MAX_PATIENCE_SECONDS = 2
const FIRST_RETRY_SECONDS = 0.1

/** Errors that concern the parameters of the request and not the client (RFC 6749 §5.2, RFC 8707 §2, RFC 9396 §5). */
const ABOUT_PARAMETERS = new Set(['invalid_scope', 'invalid_target', 'invalid_authorization_details'])

const CODES: Record<Failure['kind'], ErrorCode> = {
  misconfigured: 'client_rejected',
  not_processed: 'authorization_server_unavailable',
  ambiguous: 'refresh_outcome_unknown',
  refused: 'refresh_outcome_unknown',
  sign_in_required: 'login_required',
}

export type FailureContext = Pick<RefreshContext, 'acquisition' | 'clock' | 'serverClock' | 'emit' | 'random'>

/**
 * Releases the lease after a failure. Retries the refresh if the policy allows it, and otherwise backs off.
 *
 * @param sends - How often this flight has sent the refresh token.
 * @param firstSentAt - When the flight first sent it, by the monotonic clock in milliseconds.
 * @returns `'again'` if the record must be read again.
 * @throws The typed error that every caller of the flight receives. The tokens are kept.
 */
export async function recover(
  handle: LedgerHandle,
  attempt: RefreshAttempt,
  failure: Failure,
  { sends, firstSentAt }: { readonly sends: number; readonly firstSentAt: number },
  context: FailureContext,
): Promise<TokenResult | 'again'> {
  const { acquisition, clock, serverClock, emit, random } = context
  const { policy } = acquisition
  const { kind, cause, retryAfterSeconds } = failure
  const code = failure.code ?? codeOf(kind, policy)
  const isHarmless = policy.consumes === 'nothing' && isUnclear(kind) && sends === 1
  const ownSeconds = isHarmless ? 0 : FIRST_RETRY_SECONDS * 2 ** sends
  const pauseSeconds = Math.max(retryAfterSeconds ?? 0, ownSeconds)
  const elapsedMs = clock.elapsed() - firstSentAt
  const isPatient = sends < MAX_SENDS && pauseSeconds <= MAX_PATIENCE_SECONDS
  if (isPatient && mayRetry(kind, elapsedMs, reuseOf(policy))) {
    // The flight releases the lease, because another process might need it during the line and the pause.
    await release(handle, attempt, withoutLease)
    await clock.sleep(pauseSeconds * 1000 * (1 + random() / 4))
    return 'again'
  }
  emit({ type: 'refresh_failed', session: fingerprint(handle.key), code, cause })
  const lastingCode = kind === 'refused' ? lastingCodeOf(policy) : undefined
  const options = { retryAfterSeconds, jitter: random(), lastingCode }
  const isFree = await release(handle, attempt, (ledger) =>
    policy.pausesOnlyKey || concernsParameters(attempt, failure)
      ? withParameterBackOff(ledger, attempt.key, code, serverClock.read(), options)
      : withBackOff(ledger, code, serverClock.read(), options),
  )
  if (isFree) {
    const current = await handle.read()
    if (current?.record.ledger.attempt !== attempt.attempt) return 'again'
    const next = decide(current.record, attempt, serverClock.read(), policy)
    if (next.do === 'serve' || next.do === 'sign_in') return toTokenResult(policy, next, current) ?? 'again'
    if (next.do === 'fail') throw refreshError(policy, next.code, next.seconds, cause)
  }
  const next = failureOf(code, retryAfterSeconds ?? 1)
  if (next.do === 'sign_in') return { kind: 'sign_in', code: next.code }
  throw refreshError(policy, code, retryAfterSeconds ?? 1, cause)
}

/**
 * Whether a failure proves nothing about requests with other parameters. If the caller has named a resource, scope or
 * parameter, the server may refuse only that.
 */
function concernsParameters({ key }: RefreshAttempt, { kind, cause }: Failure): boolean {
  const isRefusal = kind === 'misconfigured' || kind === 'refused' || kind === 'sign_in_required'
  return (isRefusal && key !== '') || ABOUT_PARAMETERS.has(cause.error ?? '')
}

/** Releases the lease. Resolves to `false` if the store fails. Then no process refreshes until the lease expires. */
async function release(
  handle: LedgerHandle,
  attempt: RefreshAttempt,
  step: (ledger: TokenLedger) => TokenLedger,
): Promise<boolean> {
  const released = changeLedger(handle, ({ ledger }) => {
    if (ledger.lease?.holder !== attempt.holder) return undefined
    const next = step(ledger)
    return attempt.inDoubt ? withDoubt(next) : next
  })
  return released.then(
    () => true,
    () => false,
  )
}

/** If the request used up nothing, its outcome does not matter. */
function codeOf(kind: Failure['kind'], { consumes }: Consumption): ErrorCode {
  if (consumes === 'refresh_token') return CODES[kind]
  // No user can sign in for the application itself.
  if (kind === 'sign_in_required') return CODES.misconfigured
  return CODES[isUnclear(kind) ? 'not_processed' : kind]
}

function lastingCodeOf({ consumes }: Consumption): ErrorCode {
  return consumes === 'refresh_token' ? 'refresh_token_refused' : 'client_rejected'
}

function isUnclear(kind: Failure['kind']): boolean {
  return kind === 'ambiguous' || kind === 'refused'
}

function mayRetry(kind: Failure['kind'], elapsedMs: number, reuse: ReusePolicy): boolean {
  if (kind === 'misconfigured' || kind === 'sign_in_required') return false
  if (kind === 'not_processed' || reuse === 'tolerant') return true
  if (reuse === 'strict') return false
  // The grace period starts at the first use. The response to the next use must arrive within it.
  return elapsedMs < reuse.graceSeconds * 500
}
