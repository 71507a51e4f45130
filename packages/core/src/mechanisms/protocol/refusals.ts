import type { RefreshAnswer } from '../../ports/authorization-server.ts'
import { classifyRefusal, registeredError } from '../../rules/classify.ts'
import { defined } from '../../rules/defined.ts'
import { isJsonObject } from '../../rules/json-object.ts'
import { retryAfterSeconds } from '../../rules/retry-after.ts'
import { ConfigurationError, type RedactedCause, TryLaterError } from '../../vocabulary/index.ts'
import { redact } from '../redact.ts'
import type { Answer } from './tokens.ts'

/** Failed before a connection was made: no byte of the request has arrived. */
const NOT_CONNECTED =
  /^(?:ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT)$/

/** What of an error response (RFC 6749 §5.2) may be repeated. */
export function errorResponse({ response: { status }, body }: Answer): RedactedCause {
  const error = registeredError(isJsonObject(body) ? body['error'] : undefined)
  return defined({ name: 'TokenEndpointError', status, error })
}

/** What a response without usable tokens means for the refresh token that was sent. */
export function refused(answer: Answer, now: number): RefreshAnswer {
  const { status, headers } = answer.response
  const cause = errorResponse(answer)
  const kind = classifyRefusal(status, cause.error)
  if (kind === 'rejected') return { kind }
  if (kind === 'misconfigured') return { kind, cause }
  const isBusy = status === 429 || status === 503
  return { kind, cause, isBusy, retryAfterSeconds: retryAfterSeconds(headers.get('retry-after'), now) }
}

/** The same where no response came. */
export function unanswered(error: unknown): RefreshAnswer {
  const cause = redact(error)
  const { code = '' } = cause
  if (error instanceof TryLaterError || (NOT_CONNECTED.test(code) && !wasConnected(error)))
    return { kind: 'not_processed', cause }
  const isOurs = error instanceof ConfigurationError || code.startsWith('OAUTH_')
  return { kind: isOurs ? 'misconfigured' : 'ambiguous', cause }
}

/** A route may be lost after the request was sent: then the same codes come from reading or writing. */
function wasConnected(error: unknown): boolean {
  const { syscall, cause } = error as { readonly syscall?: unknown; readonly cause?: unknown }
  const { syscall: inner } = Object(cause) as { readonly syscall?: unknown }
  return [syscall, inner].some((name) => name === 'read' || name === 'write')
}
