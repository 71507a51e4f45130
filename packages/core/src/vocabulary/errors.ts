/** Why a call failed. The codes are stable, so match them, and never a message. */
export type ErrorCode =
  | 'no_session'
  | 'session_ended'
  | 'no_refresh_token'
  | 'authorization_server_unavailable'
  | 'refresh_outcome_unknown'
  | 'refresh_pending'
  | 'refresh_token_refused'
  | 'token_response_malformed'
  | 'headers_already_sent'
  | 'session_read_only'
  | 'invalid_option'
  | 'client_rejected'
  | 'authorization_server_metadata_invalid'
  | 'origin_not_allowed'
  | 'redirect_refused'
  | 'path_refused'
  | 'upgrade_refused'
  | 'method_refused'
  | 'navigation_refused'
  | 'navigation_required'
  | 'api_unavailable'
  | 'draining'
  | 'no_current_session'
  | 'response_not_sendable'
  | 'request_body_used'
  | 'scope_not_granted'
  | 'async_context_missing'
  | 'login_request_invalid'
  | 'login_transaction_invalid'
  | 'login_required'
  | 'access_denied'
  | 'authorization_response_invalid'
  | 'authentication_insufficient'
  | 'sign_in_refused'
  | 'hook_failed'
  | 'cross_site_request_refused'
  | 'logout_token_invalid'
  | 'session_too_large'
  | 'store_unavailable'
  | 'store_record_unreadable'
  | 'key_service_unavailable'

/** The safe part of a foreign error. It helps to diagnose the error and contains no credentials. */
export interface RedactedCause {
  /** The name of the foreign error, such as `TypeError`. */
  readonly name: string
  /** The code of the foreign error, such as `ECONNREFUSED`. */
  readonly code?: string
  /** The OAuth `error` member, if it is a registered one. */
  readonly error?: string
  /** The HTTP status of the response. */
  readonly status?: number
}

/** Further facts about a failure. */
export interface EvertokenErrorOptions {
  /** The error that caused the failure, without credentials. */
  readonly cause?: RedactedCause | undefined
  /** Seconds after which the same call may succeed. */
  readonly retryAfterSeconds?: number | undefined
}

/** The base of every error that this library throws. The class shows the remedy, and `code` shows the cause. */
export class EvertokenError extends Error {
  // The name is a literal, because bundlers shorten the names of classes.
  /** The name of the class. Prefer it to `instanceof`, which fails if the package is installed twice. */
  override readonly name: string = 'EvertokenError'
  /** The reason for the failure. Each code has a page in the documentation. */
  readonly code: ErrorCode
  /** Seconds after which the same call may succeed. Present on temporary failures. */
  readonly retryAfterSeconds: number | undefined

  constructor(code: ErrorCode, message: string, options: EvertokenErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.retryAfterSeconds = options.retryAfterSeconds
  }
}

/** The user must sign in again. */
export class SignInRequiredError extends EvertokenError {
  /** The name of the class. */
  override readonly name = 'SignInRequiredError'
}

/** Nothing is lost. The same call may succeed after `retryAfterSeconds`. */
export class TryLaterError extends EvertokenError {
  /** The name of the class. */
  override readonly name = 'TryLaterError'
}

/** The configuration, the client registration or the calling code must be changed. */
export class ConfigurationError extends EvertokenError {
  /** The name of the class. */
  override readonly name = 'ConfigurationError'
}

/** A part that the operator runs, such as the session store or the key service, is broken. */
export class OperatorError extends EvertokenError {
  /** The name of the class. */
  override readonly name = 'OperatorError'
}

/** The request is refused because it is forged, replayed, or not for this application. */
export class RequestRefusedError extends EvertokenError {
  /** The name of the class. */
  override readonly name = 'RequestRefusedError'
}
