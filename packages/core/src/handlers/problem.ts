import { SHARED_STORE_HINT } from '../mechanisms/refresh/token-result.ts'
import { actionFor } from '../rules/remedy.ts'
import {
  type ErrorCode,
  EvertokenError,
  type SignInCode,
  SignInRequiredError,
  type EventListener,
  type RedactedCause,
} from '../vocabulary/index.ts'
import { omitUndefined } from '../rules/members.ts'
import { isTopLevelNavigation, mayBeForged } from '../rules/browser/same-site.ts'

/** The members of an error that its problem contains. */
type Told = Pick<EvertokenError, 'code' | 'message'> &
  Partial<Pick<EvertokenError, 'name' | 'retryAfterSeconds'>>

/** The message for a missing refresh token. A sign-in with the same parameters would not return one either. */
const NO_REFRESH_TOKEN =
  'The session has no refresh token. Sign in again. The server might need the scope `offline_access` or the parameter `prompt=consent`.'

const FORBIDDEN: readonly ErrorCode[] = [
  'cross_site_request_refused',
  'access_denied',
  'sign_in_refused',
  'authentication_insufficient',
]

/** The status for each class of errors. Errors of all other classes get 503. */
const STATUS: Readonly<Record<string, number>> = {
  SignInRequiredError: 401,
  RequestRefusedError: 400,
  ConfigurationError: 500,
}

/** Creates a `problem+json` response (RFC 9457) with the code of an error and its remedy, and no other details. */
export function problem(status: number, { name = '', code, message, retryAfterSeconds }: Told): Response {
  const headers = new Headers({ 'content-type': 'application/problem+json', 'cache-control': 'no-store' })
  if (retryAfterSeconds !== undefined) headers.set('retry-after', `${retryAfterSeconds}`)
  const action = actionFor({ name, code })
  return Response.json({ title: message, status, code, action }, { status, headers })
}

/** Creates the response for an error, with the status of its class. */
export function problemFor(error: unknown): Response {
  if (!(error instanceof EvertokenError)) throw error
  return problem(FORBIDDEN.includes(error.code) ? 403 : (STATUS[error.name] ?? 503), error)
}

const SIGN_IN_MESSAGES: Partial<Record<SignInCode, string>> = {
  no_refresh_token: NO_REFRESH_TOKEN,
  login_required: 'The authorization server must ask the user. Sign in again.',
  refresh_token_refused: `The authorization server refuses the refresh token. Sign in again. ${SHARED_STORE_HINT}`,
}

const GRANT_REVOKED = '`revokeRefreshToken()` has ended the grant. Sign in again.'

/** @param isRevoked - Whether the application has ended the grant, so that a sign-in returns a refresh token again. */
export function signInRequired(code: SignInCode, isRevoked?: boolean): SignInRequiredError {
  if (isRevoked) return new SignInRequiredError(code, GRANT_REVOKED)
  const anonymous = 'The user is not signed in. Redirect the browser to the login route.'
  return new SignInRequiredError(code, SIGN_IN_MESSAGES[code] ?? anonymous)
}

/** Returns the error if it is an `EvertokenError`, and throws it otherwise. */
export function asEvertokenError(error: unknown): EvertokenError {
  if (error instanceof EvertokenError) return error
  throw error
}

/** Does the same, and emits an event. */
export function reportError(
  type: 'sign_in_failed' | 'logout_token_rejected',
  error: unknown,
  emit: EventListener,
): EvertokenError {
  const evertokenError = asEvertokenError(error)
  emit(
    omitUndefined({
      type,
      code: evertokenError.code,
      cause: evertokenError.cause as RedactedCause | undefined,
    }),
  )
  return evertokenError
}

/** Returns a 403 response for a request that another site may have caused, and `undefined` for any other request. */
export function refuseCrossSite({ method, headers }: Request, origin: string): Response | undefined {
  return !isTopLevelNavigation(method, headers) && mayBeForged(headers, origin)
    ? crossSiteProblem()
    : undefined
}

export function crossSiteProblem(): Response {
  const message = 'Cannot trust the request. Send it from your own page, or add the header `X-Evertoken: 1`.'
  return problem(403, { code: 'cross_site_request_refused', message })
}
