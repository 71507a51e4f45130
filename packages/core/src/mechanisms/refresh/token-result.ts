import type { LedgerSnapshot } from '../../ports/ledger-handle.ts'
import type { Decision, RefreshPolicy } from '../../rules/refresh/decide.ts'
import {
  type ConfigurationCode,
  ConfigurationError,
  type ErrorCode,
  type EvertokenError,
  OperatorError,
  type RedactedCause,
  type TryLaterCode,
  TryLaterError,
} from '../../vocabulary/index.ts'
import type { TimeReading } from '../../model/time-reading.ts'
import { describeClientRefusal } from '../../rules/protocol/token-failure.ts'
import { LESS_SCOPE } from '../../rules/protocol/grant-response.ts'
import { NOT_BOUND, tokenTypeError } from '../../rules/protocol/token-response.ts'
import type { TokenResult } from './attempt.ts'

/**
 * Returns the result of a decision for a caller, or `undefined` if the caller must wait.
 *
 * @param time - The reading of the clocks that the decision used, if it is still the current time.
 * @throws The typed error of `refreshError`.
 */
export function toTokenResult<Snapshot extends LedgerSnapshot>(
  policy: ErrorPolicy,
  next: Decision,
  snapshot: Snapshot | undefined,
  time?: TimeReading,
): TokenResult<Snapshot> | undefined {
  if (next.do === 'sign_in') return { kind: 'sign_in', code: next.code, isRevoked: next.isRevoked }
  if (next.do === 'fail') throw refreshError(policy, next.code, next.seconds)
  return next.do === 'serve' && snapshot ? { kind: 'token', token: next.token, snapshot, time } : undefined
}

type ErrorPolicy = Pick<RefreshPolicy, 'consumes' | 'errorOf'>

/** Processes that do not see each other's refreshes end each other's grants. */
export const SHARED_STORE_HINT: string =
  'If several processes serve this application, set `store` to one that they share.'

/** The server has granted one of two requests, and the other request has ended the session. */
export const LOST_LEASE_HINT: string =
  'The session store lost a write, for example in a failover. With Redis, set `waitForReplicas`.'

/** A refresh keeps the session and its refresh token. Client credentials have neither. */
const WORDS = {
  refresh_token: {
    action: 'refresh the access token',
    kept: ' The session is kept.',
    lessScope: 'its `scope` is not granted. Add it to the option `scope`, and sign in again.',
  },
  nothing: { action: 'get an access token', kept: '', lessScope: LESS_SCOPE },
} as const

const REASONS: Partial<Record<ErrorCode, string>> = {
  refresh_pending: ' in the time that the caller can wait',
  draining: ': this process is shutting down',
}

const LESS_DETAILS =
  'the authorization server has not granted all of `authorization_details`. Request them at a sign-in, or allow them there.'

/**
 * Creates the error for callers that cannot get a token although the user need not sign in.
 *
 * @param seconds - The time after which the caller can try again.
 */
export function refreshError(
  { consumes, errorOf }: ErrorPolicy,
  code: ErrorCode,
  seconds: number,
  cause?: RedactedCause,
): EvertokenError {
  const own = errorOf?.(code, cause)
  if (own) return own
  const { action, kept, lessScope } = WORDS[consumes]
  if (code === 'sender_constraint_refused') return tokenTypeError(action, NOT_BOUND, cause)
  const refusals: Partial<Record<ErrorCode, string>> = {
    client_rejected: describeClientRefusal(cause),
    scope_not_granted: lessScope,
    authorization_details_not_granted: LESS_DETAILS,
  }
  const refusal = refusals[code]
  if (refusal !== undefined)
    return new ConfigurationError(code as ConfigurationCode, `Cannot ${action}: ${refusal}`, { cause })
  const options = { cause, retryAfterSeconds: Math.max(1, Math.ceil(seconds)) }
  const retry = `Try again later.${kept}`
  if (code === 'key_service_unavailable')
    return new OperatorError(code, `The function for the client secret or key failed. ${retry}`, options)
  return new TryLaterError(
    code as TryLaterCode,
    `Cannot ${action}${REASONS[code] ?? describeCause(cause)}. ${retry}`,
    options,
  )
}

/** Names the place and the reason of a failure, if they are known. */
function describeCause({ url, status, error, code, reason }: Partial<RedactedCause> = {}): string {
  if (url === undefined) return ' now'
  const facts = [status && `status ${status}`, error ?? code, reason].filter(Boolean)
  return ` now: ${url} failed (${facts.join(', ')})`
}
