import { classifyRefusal } from '../../rules/classify.ts'
import {
  ConfigurationError,
  type EvertokenError,
  RequestRefusedError,
  SignInRequiredError,
  TryLaterError,
} from '../../vocabulary/index.ts'
import { redact } from '../redact.ts'

/** The user would have to be asked something (OIDC Core §3.1.2.6). */
const ASKS_USER = new Set([
  'login_required',
  'interaction_required',
  'consent_required',
  'account_selection_required',
])

export function signInFailed(error: unknown): EvertokenError {
  const cause = redact(error)
  if (cause.error !== undefined && classifyRefusal(cause.status ?? 400, cause.error) === 'misconfigured') {
    const message =
      'Cannot finish the sign-in: the authorization server refuses this client; check its id and secret'
    return new ConfigurationError('client_rejected', message, { cause })
  }
  const silent = cause.code === undefined && cause.error === undefined
  if (silent || (cause.status ?? 0) >= 500) {
    const message =
      'Cannot finish the sign-in: the authorization server did not answer as it should; sign in again'
    return new TryLaterError('authorization_server_unavailable', message, { cause, retryAfterSeconds: 1 })
  }
  if (ASKS_USER.has(cause.error ?? '')) {
    const message = 'Cannot sign in without asking the user: sign in again, not silently'
    return new SignInRequiredError('login_required', message, { cause })
  }
  if (cause.error === 'access_denied') {
    const message = 'Cannot sign in: the user or the authorization server has said no'
    return new RequestRefusedError('access_denied', message, { cause })
  }
  const message = 'Cannot finish the sign-in: the authorization response was refused; sign in again'
  return new RequestRefusedError('authorization_response_invalid', message, { cause })
}
