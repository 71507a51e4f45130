import {
  ConfigurationError,
  type RedactedCause,
  TryLaterError,
  EvertokenError,
  type EvertokenErrorOptions,
  RequestRefusedError,
  SignInRequiredError,
} from '../../vocabulary/index.ts'
import { classifyRefusal } from '../../rules/refresh/classify.ts'
import { redact } from '../runtime/redact.ts'

export function wrongMetadata(what: string): ConfigurationError {
  const message = `Cannot use the authorization server: its ${what}; check the option "issuer"`
  return new ConfigurationError('authorization_server_metadata_invalid', message)
}

/** @param what - The operation that failed. */
export function unavailable(what: string, cause: RedactedCause): TryLaterError {
  const message = `Cannot ${what}: try again later`
  return new TryLaterError('authorization_server_unavailable', message, { cause, retryAfterSeconds: 1 })
}

/** Creates the error for a user who has signed in, but not in a way that the application or an API requires. */
export function insufficient(options?: EvertokenErrorOptions): RequestRefusedError {
  const message = 'The sign-in is not as strong as required. Sign in again, with another method.'
  return new RequestRefusedError('authentication_insufficient', message, options)
}

export function signInFailed(error: unknown): EvertokenError {
  if (error instanceof EvertokenError) return error
  const cause = redact(error)
  const options = { cause }
  const { code, error: refusal = '', status = 400 } = cause
  if (classifyRefusal(status, refusal) === 'misconfigured') {
    const message = 'Cannot sign in: the authorization server refuses this client; check its id and secret'
    return new ConfigurationError('client_rejected', message, options)
  }
  const isSilent = code === undefined && refusal === ''
  if (isSilent || status >= 500) return unavailable('finish the sign-in', cause)
  // The authorization server requires interaction with the user (OIDC Core §3.1.2.6).
  if (refusal.endsWith('_required')) {
    const message = 'Cannot sign in without asking the user: sign in again, not silently'
    return new SignInRequiredError('login_required', message, options)
  }
  // See OpenID Connect Core Error Code unmet_authentication_requirements 1.0.
  if (refusal === 'unmet_authentication_requirements') return insufficient(options)
  if (refusal === 'access_denied') {
    const message = 'Cannot sign in: the user or the authorization server refused'
    return new RequestRefusedError('access_denied', message, options)
  }
  const message = 'Cannot sign in: the authorization response was refused; sign in again'
  return new RequestRefusedError('authorization_response_invalid', message, options)
}
