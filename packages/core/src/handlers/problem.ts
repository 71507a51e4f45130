import {
  ConfigurationError,
  type ErrorCode,
  EvertokenError,
  RequestRefusedError,
  SignInRequiredError,
} from '../vocabulary/index.ts'

/** Signing in again alone would bring none either. */
const NO_REFRESH_TOKEN =
  'Cannot renew the access token: the authorization server gave no refresh token, or it was revoked. Somebody has to ' +
  'sign in; to give one, the server may need "scope": "openid offline_access" or ' +
  '"authorizationParameters": { "prompt": "consent" }'

const FORBIDDEN = new Set<ErrorCode>(['cross_site_request_refused', 'access_denied', 'sign_in_refused'])

/** A `problem+json` response (RFC 9457) that tells the code of an error and nothing it does not show anyway. */
export function problem(status: number, error: EvertokenError): Response {
  const { code, message, retryAfterSeconds } = error
  const headers = new Headers({ 'content-type': 'application/problem+json', 'cache-control': 'no-store' })
  if (retryAfterSeconds !== undefined) headers.set('retry-after', String(retryAfterSeconds))
  return new Response(JSON.stringify({ title: message, status, code }), { status, headers })
}

/** The status that says what the class of an error says. */
export function problemFor(error: unknown): Response {
  if (!(error instanceof EvertokenError)) throw error
  if (error instanceof SignInRequiredError) return problem(401, error)
  if (error instanceof RequestRefusedError) {
    return problem(FORBIDDEN.has(error.code) ? 403 : 400, error)
  }
  return problem(error instanceof ConfigurationError ? 500 : 503, error)
}

export function signInRequired(code: ErrorCode): SignInRequiredError {
  const nobody = 'Cannot act for the user: somebody has to sign in'
  return new SignInRequiredError(code, code === 'no_refresh_token' ? NO_REFRESH_TOKEN : nobody)
}
