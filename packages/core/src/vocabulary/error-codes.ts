/** The codes of `SignInRequiredError`. */
export type SignInCode =
  | 'no_session'
  | 'session_ended'
  | 'no_refresh_token'
  | 'refresh_token_refused'
  | 'login_required'
  | 'not_connected'
  | 'needs_reauthorization'
  | 'scope_missing'

/** The codes of `TryLaterError`. */
export type TryLaterCode =
  | 'authorization_server_unavailable'
  | 'refresh_outcome_unknown'
  | 'refresh_pending'
  | 'token_response_malformed'
  | 'draining'

/** The codes of `ConfigurationError`. */
export type ConfigurationCode =
  | 'invalid_option'
  | 'profile_violated'
  | 'client_rejected'
  | 'grant_refused'
  | 'issued_token_type_unexpected'
  | 'authorization_server_metadata_invalid'
  | 'token_response_malformed'
  | 'scope_not_granted'
  | 'authorization_details_not_granted'
  | 'sender_constraint_refused'
  | 'origin_not_allowed'
  | 'redirect_refused'
  | 'request_body_used'
  | 'response_not_sendable'
  | 'headers_already_sent'
  | 'session_read_only'
  | 'session_too_large'
  | 'no_current_session'
  | 'async_context_missing'

/** The codes of `OperatorError`. */
export type OperatorCode =
  | 'store_unavailable'
  | 'store_record_unreadable'
  | 'key_service_unavailable'
  | 'tenant_unavailable'

/** The codes of `RequestRefusedError`. */
export type RefusedCode =
  | 'login_request_invalid'
  | 'login_transaction_invalid'
  | 'authorization_response_invalid'
  | 'authentication_insufficient'
  | 'access_denied'
  | 'authorization_expired'
  | 'sign_in_refused'
  | 'logout_token_invalid'
  | 'account_mismatch'
  | 'cross_site_request_refused'
  | 'tenant_unknown'

/** Why a call failed. The codes are stable, so match them, and never a message. */
export type ErrorCode =
  | SignInCode
  | TryLaterCode
  | ConfigurationCode
  | OperatorCode
  | RefusedCode
  // Only in responses of routes and the proxy, and in events:
  | 'navigation_required'
  | 'path_refused'
  | 'upgrade_refused'
  | 'method_refused'
  | 'navigation_refused'
  | 'api_unavailable'
  | 'hook_failed'
