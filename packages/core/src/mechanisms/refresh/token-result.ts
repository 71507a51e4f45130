import type { LedgerSnapshot } from '../../ports/ledger-handle.ts'
import type { Consumption, Decision } from '../../rules/refresh/decide.ts'
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
import type { TokenResult } from './attempt.ts'

/**
 * Returns the result of a decision for a caller, or `undefined` if the caller must wait.
 *
 * @param time - The reading of the clocks that the decision used, if it is still the current time.
 * @throws The typed error of `refreshError`.
 */
export function toTokenResult<Snapshot extends LedgerSnapshot>(
  policy: Pick<Consumption, 'consumes'>,
  next: Decision,
  snapshot: Snapshot | undefined,
  time?: TimeReading,
): TokenResult<Snapshot> | undefined {
  if (next.do === 'sign_in') return { kind: 'sign_in', code: next.code }
  if (next.do === 'fail') throw refreshError(policy, next.code, next.seconds)
  return next.do === 'serve' && snapshot ? { kind: 'token', token: next.token, snapshot, time } : undefined
}

/** A refresh keeps the session and its refresh token. Client credentials have neither. */
type Consumed = Consumption['consumes']

/** Messages for causes that a retry does not fix. */
const TO_CHANGE: Readonly<Record<Consumed, Partial<Record<ConfigurationCode, string>>>> = {
  refresh_token: {
    scope_not_granted:
      'Cannot ask for more scope than the user has granted. Add it to the option `scope`, and sign in again.',
    client_rejected:
      'Cannot refresh the access token: the authorization server refuses the client. Check its id, secret, scope and resource.',
  },
  nothing: {
    client_rejected:
      'Cannot get an access token: the authorization server refuses the client. Check its id, secret, scope and resource.',
  },
}

/** Processes that do not see each other's refreshes end each other's grants. */
export const SHARED_STORE_HINT: string =
  'If several processes serve this application, set the option `store` to one that they share: `createRedisStore`, ' +
  '`createPostgresStore`, or `createDurableObjectStore` on Workers.'

/** The server has granted one of two requests, and the other request has ended the session. */
export const LOST_LEASE_HINT: string =
  'The session store lost the write that prevents a second use of the refresh token, for example in a failover. ' +
  'With Redis, set `waitForReplicas`.'

const MESSAGES: Readonly<Record<Consumed, Partial<Record<ErrorCode, string>>>> = {
  refresh_token: {
    refresh_pending:
      'The refresh of the access token takes longer than the caller can wait. Try again later. The session is kept.',
    key_service_unavailable:
      'The function that returns the client secret failed. Try again later. The session is kept.',
    draining: 'Cannot refresh the access token: this process is shutting down. Try again later.',
  },
  nothing: {
    refresh_pending: 'Cannot get an access token in the time that the caller can wait. Try again later.',
    key_service_unavailable: 'The function that returns the client secret failed. Try again later.',
    draining: 'Cannot get an access token: this process is shutting down. Try again later.',
  },
}

const OTHER_MESSAGES: Readonly<Record<Consumed, string>> = {
  refresh_token: 'Cannot get a current access token now. Try again later. The session is kept.',
  nothing: 'Cannot get an access token now. Try again later.',
}

/**
 * Creates the error for callers that cannot get a token although the user need not sign in.
 *
 * @param seconds - The time after which the caller can try again.
 */
export function refreshError(
  { consumes }: Pick<Consumption, 'consumes'>,
  code: ErrorCode,
  seconds: number,
  cause?: RedactedCause,
): EvertokenError {
  const toChange = TO_CHANGE[consumes][code as ConfigurationCode]
  if (toChange !== undefined) return new ConfigurationError(code as ConfigurationCode, toChange, { cause })
  const message = MESSAGES[consumes][code] ?? OTHER_MESSAGES[consumes]
  const options = { cause, retryAfterSeconds: Math.max(1, Math.ceil(seconds)) }
  if (code === 'key_service_unavailable') return new OperatorError(code, message, options)
  return new TryLaterError(code as TryLaterCode, message, options)
}
