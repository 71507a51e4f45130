import type { Snapshot } from '../ports/session-cell.ts'
import type { Decision } from '../rules/decide.ts'
import {
  ConfigurationError,
  type ErrorCode,
  type EvertokenError,
  type RedactedCause,
  TryLaterError,
} from '../vocabulary/index.ts'
import type { TokenResult } from './refresh-attempt.ts'

/**
 * What a decision gives a caller who need not wait.
 *
 * @throws The typed error of `refusal`.
 */
export function given(next: Decision, snapshot: Snapshot | undefined): TokenResult | undefined {
  if (next.do === 'sign_in') return { signIn: next.code }
  if (next.do === 'try_later') throw refusal(next.code, next.seconds)
  return next.do === 'serve' && snapshot ? { token: next.token, snapshot } : undefined
}

/** What trying again alone does not help against. */
const TO_CHANGE: Partial<Record<ErrorCode, string>> = {
  scope_not_granted: 'Cannot ask for more scope than was granted: ask at the sign-in, by the option "scope"',
  client_rejected:
    'Cannot refresh the access token, the client is refused: check its id, secret, scope and resource',
}

/** The error for callers who cannot be given a token although nobody has to sign in. */
export function refusal(code: ErrorCode, seconds: number, cause?: RedactedCause): EvertokenError {
  const toChange = TO_CHANGE[code]
  if (toChange !== undefined) return new ConfigurationError(code, toChange, { cause })
  const message = 'Cannot get a current access token: try again later, the session is kept'
  return new TryLaterError(code, message, { cause, retryAfterSeconds: Math.max(1, Math.ceil(seconds)) })
}
