import type { RefreshAnswer } from '../ports/authorization-server.ts'
import { classifyRefusal, registeredError } from '../rules/classify.ts'
import { retryAfterSeconds } from '../rules/retry-after.ts'
import {
  ConfigurationError,
  type EvertokenError,
  RequestRefusedError,
  SignInRequiredError,
  TryLaterError,
} from '../vocabulary/index.ts'
import { redact } from './redact.ts'

/** Failed before a connection was made: no byte of the request has arrived. */
const NOT_CONNECTED = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
])
/** The user would have to be asked something (OIDC Core §3.1.2.6). */
const ASKS_USER = new Set([
  'login_required',
  'interaction_required',
  'consent_required',
  'account_selection_required',
])
/** What oauth4webapi says when the keys could not be had, rather than that a token does not fit them. */
const NO_KEYS = new Set(['OAUTH_RESPONSE_IS_NOT_CONFORM', 'OAUTH_RESPONSE_IS_NOT_JSON', 'OAUTH_PARSE_ERROR'])

export function wrongMetadata(what: string): ConfigurationError {
  const message = `Cannot use the authorization server: its metadata ${what}; check the option "issuer"`
  return new ConfigurationError('authorization_server_metadata_invalid', message)
}

/** What of an error response (RFC 6749 §5.2) may be repeated. */
export function oauthError(
  status: number,
  body: unknown,
): { readonly status: number; readonly error?: string } {
  const error = registeredError((body as { readonly error?: unknown } | undefined)?.error)
  return error === undefined ? { status } : { status, error }
}

/** What a response without usable tokens means for the refresh token that was sent. */
export function refused({ status, headers }: Response, body: unknown, now: number): RefreshAnswer {
  const answer = oauthError(status, body)
  const kind = classifyRefusal(status, answer.error)
  const cause = { name: 'TokenEndpointError', ...answer }
  if (kind === 'rejected') return { kind }
  if (kind === 'misconfigured') return { kind, cause }
  return { kind, cause, retryAfterSeconds: retryAfterSeconds(headers.get('retry-after'), now) }
}

/** The same where no response came. */
export function unanswered(error: unknown): RefreshAnswer {
  const cause = redact(error)
  if (error instanceof TryLaterError || NOT_CONNECTED.has(cause.code ?? ''))
    return { kind: 'not_processed', cause }
  if (error instanceof ConfigurationError || cause.code?.startsWith('OAUTH_'))
    return { kind: 'misconfigured', cause }
  return { kind: 'ambiguous', cause }
}

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

/** @param what - From us, never from the token. */
export function logoutTokenRefused(what: string): RequestRefusedError {
  return new RequestRefusedError('logout_token_invalid', `Cannot sign anybody out: the logout token ${what}`)
}

export function logoutTokenFailed(error: unknown): EvertokenError {
  const cause = redact(error)
  if (cause.code?.startsWith('OAUTH_') && !NO_KEYS.has(cause.code)) {
    const message = 'Cannot sign anybody out: the logout token does not hold'
    return new RequestRefusedError('logout_token_invalid', message, { cause })
  }
  const message = 'Cannot check the logout token: the keys of the authorization server cannot be had now'
  return new TryLaterError('authorization_server_unavailable', message, { cause, retryAfterSeconds: 1 })
}
