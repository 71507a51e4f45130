import { isJsonObject } from '../members.ts'
import { findVerdict, isDecision, type ServerVerdict } from './verdicts.ts'

/** The effect of a token endpoint error on the refresh token that was sent. */
export type Refusal =
  | 'rejected'
  /** The user must act. The refresh token may still be valid. */
  | 'sign_in_required'
  | 'misconfigured'
  | 'not_processed'
  /** The server has refused the request for an unknown reason. If it does so repeatedly, a retry does not help. */
  | 'refused'
  | 'ambiguous'

/** GitHub returns `bad_refresh_token`, and Slack `invalid_refresh_token` and `token_expired`. */
const REJECTED = new Set([
  'invalid_grant',
  'bad_refresh_token',
  'invalid_refresh_token',
  'invalid_token',
  'token_expired',
])

/** Errors that only the user can resolve (OIDC Core §3.1.2.6). */
const USER_MUST_ACT = new Set([
  'login_required',
  'interaction_required',
  'consent_required',
  'account_selection_required',
  'unmet_authentication_requirements',
  'access_denied',
])

const MISCONFIGURED = new Set([
  'invalid_client',
  'unauthorized_client',
  'invalid_scope',
  'invalid_target',
  'invalid_authorization_details',
  'unsupported_grant_type',
  'invalid_dpop_proof',
])

/** Errors that pass, although some servers return them with a 4xx status. Google returns `internal_failure`. */
const TEMPORARY = new Set(['server_error', 'temporarily_unavailable', 'slow_down', 'internal_failure'])

/** The statuses of requests that can succeed without a change: 408, 421 and 425 (RFC 9110 §15.5, RFC 8470 §5.2). */
const TEMPORARY_STATUS = new Set([408, 421, 425])

const REGISTERED = new Set([
  ...REJECTED,
  ...USER_MUST_ACT,
  ...MISCONFIGURED,
  ...TEMPORARY,
  'invalid_request',
  'unsupported_response_type',
  'unsupported_token_type',
  'use_dpop_nonce',
])

const MEANINGS: Record<ServerVerdict['means'], Refusal> = {
  refresh_token_dead: 'rejected',
  sign_in_required: 'sign_in_required',
  misconfigured: 'misconfigured',
  try_later: 'not_processed',
}

/**
 * Classifies a response of the token endpoint without tokens. Only a known error of a server that has decided about the
 * request ends a session.
 *
 * @param body - The JSON body, if there is one.
 * @param verdicts - What responses of this server mean. They have precedence.
 */
export function classifyRefusal(
  status: number,
  body: unknown,
  verdicts: readonly ServerVerdict[] = [],
): Refusal {
  const verdict = findVerdict(verdicts, status, body)
  if (verdict) return MEANINGS[verdict]
  const { error, ok } = isJsonObject(body) ? body : {}
  if (status === 429 || error === 'use_dpop_nonce') return 'not_processed'
  if (!isDecision(status)) return 'ambiguous'
  const code = typeof error === 'string' ? error : ''
  if (REJECTED.has(code)) return userMustAct(body) ? 'sign_in_required' : 'rejected'
  if (USER_MUST_ACT.has(code)) return 'sign_in_required'
  if (MISCONFIGURED.has(code)) return 'misconfigured'
  const isRefused = status >= 400 ? !TEMPORARY_STATUS.has(status) : error !== undefined || ok === false
  return isRefused && !TEMPORARY.has(code) ? 'refused' : 'ambiguous'
}

/** Values of `suberror` about the refresh token itself. All others are requirements of Entra ID for the user. */
const ABOUT_TOKEN = new Set<unknown>([undefined, '', 'bad_token', 'token_expired'])

/** Whether `invalid_grant` is about the user, as with the `suberror` of Entra ID or the `error_subtype` of Google. */
function userMustAct(body: unknown): boolean {
  const { suberror, error_subtype: subtype } = body as Readonly<Record<string, unknown>>
  return !ABOUT_TOKEN.has(suberror ?? subtype)
}

/**
 * Returns the `error` member of an OAuth error response (RFC 6749 §5.2), if it is a registered one. No other text is
 * returned.
 */
export function registeredError(error: unknown): string | undefined {
  return typeof error === 'string' && REGISTERED.has(error) ? error : undefined
}
