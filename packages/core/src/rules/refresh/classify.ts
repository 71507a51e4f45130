/** The effect of a token endpoint error on the refresh token that was sent. */
export type Refusal = 'rejected' | 'misconfigured' | 'not_processed' | 'ambiguous'

/** GitHub returns `bad_refresh_token`. */
const REJECTED = new Set(['invalid_grant', 'bad_refresh_token'])

const MISCONFIGURED = new Set([
  'invalid_client',
  'unauthorized_client',
  'invalid_scope',
  'invalid_target',
  'unsupported_grant_type',
  'invalid_dpop_proof',
])

const REGISTERED = new Set([
  ...REJECTED,
  ...MISCONFIGURED,
  'invalid_request',
  'invalid_token',
  'access_denied',
  'server_error',
  'temporarily_unavailable',
  'unsupported_response_type',
  'unsupported_token_type',
  'use_dpop_nonce',
  'login_required',
  'interaction_required',
  'consent_required',
  'account_selection_required',
  'unmet_authentication_requirements',
  'slow_down',
])

/**
 * Classifies an error of the token endpoint. An unclear error is `ambiguous`, which never ends a session without other
 * evidence.
 */
export function classifyRefusal(status: number, error: string | undefined): Refusal {
  if (status === 429 || error === 'use_dpop_nonce') return 'not_processed'
  const isVerdict = (status >= 200 && status < 300) || (status >= 400 && status < 500)
  if (error === undefined || !isVerdict) return 'ambiguous'
  if (REJECTED.has(error)) return 'rejected'
  return MISCONFIGURED.has(error) ? 'misconfigured' : 'ambiguous'
}

/**
 * Returns the `error` member of an OAuth error response (RFC 6749 §5.2), if it is a registered one. No other text is
 * returned.
 */
export function registeredError(error: unknown): string | undefined {
  return typeof error === 'string' && REGISTERED.has(error) ? error : undefined
}
