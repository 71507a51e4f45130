import { describeClientRefusal } from '../../rules/protocol/token-failure.ts'
import { isUnboundType, TOKEN_TYPE_REMEDY, tokenTypeError } from '../../rules/protocol/token-response.ts'
import { classifyRefusal } from '../../rules/refresh/classify.ts'
import {
  ConfigurationError,
  EvertokenError,
  type RedactedCause,
  RequestRefusedError,
  SignInRequiredError,
} from '../../vocabulary/index.ts'
import { redact } from '../runtime/redact.ts'
import { unavailable } from './discovery-errors.ts'
import { authenticationInsufficient } from './id-token.ts'
import { type JsonResponse, toOAuthError, type TokenEndpointResponse } from './token-request.ts'

/** Creates the error for a response of the token endpoint without a usable access token. */
export function tokenEndpointError(result: TokenEndpointResponse): EvertokenError {
  const cause = toOAuthError(result)
  const { error, status = 0, url, reason } = cause
  if (error !== undefined) return oauthErrorOf(error, cause)
  const place = `the response of ${url} (status ${status})`
  if (status === 429 || status >= 500) return unavailable(`finish the sign-in: ${place}`, cause)
  const { unknownType } = result.grant ?? {}
  if (unknownType && isUnboundType(unknownType)) return tokenTypeError('sign in', unknownType, cause)
  if (result.response.ok && reason !== undefined) {
    const remedy =
      unknownType === undefined ? 'Change the client at the authorization server.' : TOKEN_TYPE_REMEDY
    const message = `Cannot sign in: ${place} cannot be used, because ${reason}. ${remedy}`
    return new ConfigurationError('token_response_malformed', message, { cause })
  }
  const facts = reason === undefined ? '' : ` ${reason}.`
  const message = `Cannot sign in: ${place} names no reason.${facts} Check the client and the redirect URI there.`
  return new ConfigurationError('client_rejected', message, { cause })
}

/** Creates the error for a token response without an ID token. */
export function idTokenMissing(result: JsonResponse): ConfigurationError {
  const reason = 'its `id_token` is missing'
  const cause = { ...toOAuthError(result), reason }
  const message = `Cannot sign in: the response of ${cause.url} has no \`id_token\`. Allow the scope \`openid\` there, or omit it from \`scope\`.`
  return new ConfigurationError('token_response_malformed', message, { cause })
}

/** Creates the error for a sign-in that has not granted each requested type of `authorization_details`. */
export function detailsNotGranted(): RequestRefusedError {
  const message = 'Cannot sign in: not all of `authorizationDetails` are granted'
  const cause = { name: 'AuthorizationDetailsError', code: 'DETAILS_NOT_GRANTED' }
  return new RequestRefusedError('access_denied', message, { cause })
}

/** Creates the error for all other failures of a sign-in. */
export function signInError(error: unknown): EvertokenError {
  if (error instanceof EvertokenError) return error
  const cause = redact(error)
  if (cause.error !== undefined) return oauthErrorOf(cause.error, cause)
  if (cause.code?.startsWith('OAUTH_')) return responseRefused(cause, memberOf(error))
  // Only oauth4webapi and the checks of Evertoken refuse a response. All other errors are from the network.
  const place = cause.url ?? 'the authorization server'
  return unavailable(`finish the sign-in: no response of ${place} (${cause.code ?? cause.name})`, cause)
}

/** Creates the error for an OAuth error, which the authorization response or the token endpoint contains. */
function oauthErrorOf(error: string, cause: RedactedCause): EvertokenError {
  const options = { cause }
  const { status = 400, url = 'the authorization server' } = cause
  if (classifyRefusal(status, { error }) === 'misconfigured') {
    const message = `Cannot sign in: ${describeClientRefusal(cause)}`
    return new ConfigurationError('client_rejected', message, options)
  }
  // The last two are the 503 and the 500 of an authorization response (RFC 6749 §4.1.2.1).
  const isTemporary = error === 'temporarily_unavailable' || error === 'server_error'
  if (status === 429 || status >= 500 || isTemporary)
    return unavailable(`finish the sign-in: ${url} responded with \`${error}\``, cause)
  // The authorization server requires interaction with the user (OIDC Core §3.1.2.6).
  if (error.endsWith('_required')) {
    const message = 'The authorization server must ask the user. Sign in again, not silently.'
    return new SignInRequiredError('login_required', message, options)
  }
  // See OpenID Connect Core Error Code unmet_authentication_requirements 1.0.
  if (error === 'unmet_authentication_requirements') return authenticationInsufficient(options)
  if (error === 'access_denied') {
    const message = 'Cannot sign in: the user or the authorization server refused'
    return new RequestRefusedError('access_denied', message, options)
  }
  return responseRefused(cause)
}

/** Matches members of an authorization response in a text of oauth4webapi. */
const MEMBER = /"(iss|state)"/

/** Returns the claim of an ID token, or the member of an authorization response, that was refused. */
function memberOf(error: unknown): string | undefined {
  const { message, claim } = Object(error) as { readonly message?: unknown; readonly claim?: string }
  return claim ?? MEMBER.exec(String(message))?.[1]
}

const CLOCKS = 'Check the clocks of both machines.'
const ADVICE: Readonly<Record<string, string>> = {
  exp: CLOCKS,
  iat: CLOCKS,
  nbf: CLOCKS,
  nonce: 'If the server omits the `nonce`, set `server.nonce` to `false`.',
}

/** @param member - The member that is missing or has another value, if it is known. */
function responseRefused(cause: RedactedCause, member: string = ''): RequestRefusedError {
  const what = member ? `\`${member}\` is missing or wrong` : (cause.error ?? 'it failed validation')
  const message = `Cannot sign in: the authorization response was refused (${what}). ${ADVICE[member] ?? 'Sign in again.'}`
  return new RequestRefusedError('authorization_response_invalid', message, { cause })
}
