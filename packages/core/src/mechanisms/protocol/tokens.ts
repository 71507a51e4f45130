import type { TokenGrant } from '../../model/session-record.ts'
import { parseJsonObject, readTokenResponse } from '../../rules/protocol/token-response.ts'
import type { ServerClock } from './server-clock.ts'
import type { RefreshAnswer } from '../../ports/authorization-server.ts'
import { classifyRefusal, registeredError } from '../../rules/refresh/classify.ts'
import { defined, isJsonObject } from '../../rules/members.ts'
import { retryAfterSeconds } from '../../rules/protocol/time-headers.ts'
import { ConfigurationError, type RedactedCause, TryLaterError } from '../../vocabulary/index.ts'
import { redact } from '../runtime/redact.ts'

/** A response of an endpoint. `body` is `undefined` if it is not acceptable JSON. */
export interface Answer {
  readonly response: Response
  readonly body: unknown
}

/** A response of the token endpoint. `grant` is absent if it is not a token response. */
export interface TokenAnswer extends Answer {
  readonly grant: TokenGrant | undefined
}

export async function answerOf(response: Response): Promise<Answer> {
  return { response, body: parseJsonObject(await response.text()) }
}

/** Sends a token request and reads the response (RFC 6749 §5). */
export async function requestTokens(
  request: () => Promise<Response>,
  serverClock: ServerClock,
): Promise<TokenAnswer> {
  const timeOfRequest = serverClock.startRequest()
  const { response, body } = await answerOf(await request())
  const grant = response.status === 200 ? readTokenResponse(body, timeOfRequest(response.headers)) : undefined
  return { response, body, grant }
}

/** Matches errors before a connection was made. The server has not received any part of the request. */
const NOT_CONNECTED =
  /^(?:ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT)$/

/** Returns the parts of an error response (RFC 6749 §5.2) that may be disclosed. */
export function errorResponse({ response: { status }, body }: Answer): RedactedCause {
  const error = registeredError(isJsonObject(body) ? body['error'] : undefined)
  return defined({ name: 'TokenEndpointError', status, error })
}

/** Classifies a response without usable tokens by its effect on the refresh token that was sent. */
export function refused(answer: Answer, now: number): RefreshAnswer {
  const { status, headers } = answer.response
  const cause = errorResponse(answer)
  const kind = classifyRefusal(status, cause.error)
  if (kind === 'rejected') return { kind }
  if (kind === 'misconfigured') return { kind, cause }
  const isBusy = status === 429 || status === 503
  return { kind, cause, isBusy, retryAfterSeconds: retryAfterSeconds(headers.get('retry-after'), now) }
}

/** Classifies a request without a response by its effect on the refresh token that was sent. */
export function unanswered(error: unknown): RefreshAnswer {
  const cause = redact(error)
  const { code = '' } = cause
  if (error instanceof TryLaterError || (NOT_CONNECTED.test(code) && !wasConnected(error)))
    return { kind: 'not_processed', cause }
  const isOurs = error instanceof ConfigurationError || code.startsWith('OAUTH_')
  return { kind: isOurs ? 'misconfigured' : 'ambiguous', cause }
}

/** Whether the request had a connection. A route may fail after sending, with the same code from reading or writing. */
function wasConnected(error: unknown): boolean {
  const { syscall, cause } = error as { readonly syscall?: unknown; readonly cause?: unknown }
  const { syscall: inner } = Object(cause) as { readonly syscall?: unknown }
  return [syscall, inner].some((name) => name === 'read' || name === 'write')
}
