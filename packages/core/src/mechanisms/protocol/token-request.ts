import type { AuthorizationServer as Metadata, ClientAuth } from 'oauth4webapi'
import type { ProofKey } from '../../model/proof-key.ts'
import type { TokenGrant } from '../../model/token-grant.ts'
import { describeAuthentication, describeUnusableMember } from '../../rules/protocol/token-failure.ts'
import { GRANT_PROBLEMS } from '../../rules/protocol/grant-response.ts'
import { parseTokenBody } from '../../rules/protocol/token-body.ts'
import {
  isTokenText,
  readTokenResponse,
  type TokenResponseRules,
} from '../../rules/protocol/token-response.ts'
import type { Connection } from './connection.ts'
import { sendForm } from './form-request.ts'
import type { Http } from './http.ts'
import type { RefreshResult } from '../../ports/authorization-server.ts'
import { classifyRefusal, registeredError } from '../../rules/refresh/classify.ts'
import { omitUndefined, isJsonObject } from '../../rules/members.ts'
import { parseHttpDate, retryAfterSeconds } from '../../rules/protocol/time-headers.ts'
import {
  ConfigurationError,
  OperatorError,
  type RedactedCause,
  TryLaterError,
} from '../../vocabulary/index.ts'
import { redact, shownUrl } from '../runtime/redact.ts'

/** A response of an endpoint and its body. `body` is `undefined` if it is not acceptable. */
export interface JsonResponse {
  readonly response: Response
  readonly body: unknown
  /** How the client has authenticated, if the response can be a refusal of that. */
  readonly authentication?: string | undefined
}

/**
 * A response of the token endpoint. `grant` is absent if it is not a token response. If the status is not 2xx, it has
 * only the refresh token.
 */
export interface TokenEndpointResponse extends JsonResponse {
  readonly grant: TokenGrant | undefined
  /** The `Date` of the response, in seconds since the epoch. */
  readonly date: number | undefined
}

export async function readBody(response: Response): Promise<JsonResponse> {
  return { response, body: parseTokenBody(await response.text()) }
}

/** How a token request is sent. */
export interface TokenRequestOptions extends Pick<TokenResponseRules, 'isSignIn' | 'allowsOther'> {
  /** Default: the function of the connection whose response a caller waits for. */
  readonly http?: Http
  /** The key that the tokens are bound to. The request then carries a proof. */
  readonly proofKey?: ProofKey | undefined
  /** How late a request can be sent again with a nonce, in milliseconds. */
  readonly resendWithinMs?: number
}

/**
 * Sends a token request and reads the response (RFC 6749 §5).
 *
 * @param form - The parameters of the request, with `grant_type`.
 * @param authenticate - Authenticates the client. It is called again for the nonce of a proof.
 */
export async function requestTokens(
  form: URLSearchParams,
  authenticate: ClientAuth,
  metadata: Metadata,
  connection: Connection,
  {
    isSignIn,
    allowsOther,
    http = connection.http,
    proofKey,
    resendWithinMs = Infinity,
  }: TokenRequestOptions = {},
): Promise<TokenEndpointResponse> {
  const { serverClock, responseRules, dialect, binding, authenticator } = connection
  const isBound = proofKey !== undefined
  let timeOfRequest!: ReturnType<typeof serverClock.startRequest>
  const request = (send: Http) => {
    timeOfRequest = serverClock.startRequest()
    return sendForm(
      { url: metadata.token_endpoint as string, form, authenticate, metadata },
      connection,
      send,
    )
  }
  const response = await (isBound && binding
    ? binding.sendTokenRequest(proofKey, http, request, resendWithinMs)
    : request(http))
  const body = toStandardBody(parseTokenBody(await response.text()), dialect)
  const date = parseHttpDate(response.headers.get('date') ?? '')
  // A response from a cache has the date of the cached copy.
  const time = timeOfRequest(response.headers.has('age') ? undefined : date)
  const grant = readTokenResponse(body, time, { ...responseRules, isSignIn, isBound, allowsOther })
  const authentication = describeAuthentication(
    response.status,
    isJsonObject(body) ? body['error'] : undefined,
    authenticator.methodFor(metadata),
    metadata.token_endpoint_auth_methods_supported,
  )
  return { response, body, grant: response.ok ? grant : onlyRefreshToken(grant), date, authentication }
}

/** A list of invalid parameters can have a sentence in place of the token. */
function onlyRefreshToken({ refreshToken = '' }: TokenGrant = {}): TokenGrant | undefined {
  return isTokenText(refreshToken) ? { refreshToken } : undefined
}

/**
 * Converts a token response of a dialect to that of the standard. If the dialect fails, the body is used unchanged, because
 * it may have a new refresh token.
 */
export function toStandardBody(body: unknown, dialect: Connection['dialect']): unknown {
  if (!dialect.readTokenResponse || !isJsonObject(body)) return body
  try {
    const changed: unknown = dialect.readTokenResponse(body)
    return isJsonObject(changed) ? changed : body
  } catch {
    return body
  }
}

/** Matches errors before a connection was made. The server has not received any part of the request. */
const NOT_CONNECTED =
  /^(?:ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT)$/

/** Returns the parts of an error response (RFC 6749 §5.2) that may be disclosed. */
export function toOAuthError({
  response: { status, ok, url },
  body,
  grant,
  authentication,
}: JsonResponse & Partial<TokenEndpointResponse>): RedactedCause {
  const error = registeredError(isJsonObject(body) ? body['error'] : undefined)
  const reason = ok && error === undefined ? describeUnusableMember(body, grant?.unknownType) : authentication
  return omitUndefined({ name: 'TokenEndpointError', status, error, url: shownUrl(url), reason })
}

/** Whether the server has processed the request. An access token of an unknown type shows that too. */
export function hasAccessToken({ accessToken, unknownType }: TokenGrant = {}): boolean {
  return accessToken !== undefined || unknownType !== undefined
}

/**
 * Returns the access token of a grant without a session, or why it has none. The token keeps its key.
 *
 * A token that is not an access token is not bound, although its request carried a proof.
 */
export function ownTokens(result: TokenEndpointResponse, proofKey: ProofKey | undefined): TokenGrant {
  const { accessToken: token, unknownType } = result.grant ?? {}
  const accessToken = token?.type === 'DPoP' ? omitUndefined({ ...token, proofKey }) : token
  return withReason({ accessToken, unknownType }, result)
}

/** Returns parts of a grant, and why it has no usable access token, if it has none. */
export function withReason(grant: TokenGrant, result: TokenEndpointResponse): TokenGrant {
  return grant.accessToken ? grant : { ...grant, unusable: toOAuthError(result) }
}

/** Returns the result for a token that does not match its request. The request can be repeated, because it has used up nothing. */
export function unusableGrant(
  result: TokenEndpointResponse,
  code: keyof typeof GRANT_PROBLEMS,
): Extract<RefreshResult, { readonly cause: RedactedCause }> {
  const cause = { ...toOAuthError(result), reason: GRANT_PROBLEMS[code] }
  return { kind: 'misconfigured', code, cause }
}

/** Classifies a response without usable tokens by its effect on the refresh token that was sent. */
export function toRefreshResult(
  result: JsonResponse,
  { clock, verdicts }: Pick<Connection, 'clock' | 'verdicts'>,
): RefreshResult {
  const { status, headers } = result.response
  const cause = toOAuthError(result)
  const kind = classifyRefusal(status, result.body, verdicts)
  if (kind === 'rejected') return { kind }
  if (kind === 'misconfigured' || kind === 'sign_in_required') return { kind, cause }
  const isBusy = status === 429 || status === 503
  return {
    kind,
    cause,
    isBusy,
    retryAfterSeconds: retryAfterSeconds(headers.get('retry-after'), clock.now()),
  }
}

/** Classifies a request without a response by its effect on the refresh token that was sent. */
export function toResultWithoutResponse(error: unknown): RefreshResult {
  if (error instanceof OperatorError) return clientNotAuthenticated(error)
  const cause = redact(error)
  const { code = '' } = cause
  if (error instanceof TryLaterError || (NOT_CONNECTED.test(code) && !wasConnected(error)))
    return { kind: 'not_processed', cause }
  const isOurs = error instanceof ConfigurationError || code.startsWith('OAUTH_')
  return { kind: isOurs ? 'misconfigured' : 'ambiguous', cause }
}

/** The secret of the client was not available, so the refresh token was not sent. */
function clientNotAuthenticated(error: OperatorError): RefreshResult {
  const cause = (error.cause ?? { name: error.name }) as RedactedCause
  const { retryAfterSeconds: seconds } = error
  return { kind: 'not_processed', code: 'key_service_unavailable', cause, retryAfterSeconds: seconds }
}

/** Whether the request had a connection. A route may fail after sending, with the same code from reading or writing. */
function wasConnected(error: unknown): boolean {
  const { syscall, cause } = error as { readonly syscall?: unknown; readonly cause?: unknown }
  const { syscall: inner } = Object(cause) as { readonly syscall?: unknown }
  return [syscall, inner].some((name) => name === 'read' || name === 'write')
}
