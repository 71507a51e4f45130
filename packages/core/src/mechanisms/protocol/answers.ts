import type { RefreshAnswer } from '../../ports/authorization-server.ts'
import { classifyRefusal, registeredError } from '../../rules/classify.ts'
import { retryAfterSeconds } from '../../rules/retry-after.ts'
import { ConfigurationError, TryLaterError } from '../../vocabulary/index.ts'
import { redact } from '../redact.ts'

/** Failed before a connection was made: no byte of the request has arrived. */
const NOT_CONNECTED = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
])

export function wrongMetadata(what: string): ConfigurationError {
  const message = `Cannot use the authorization server: its metadata ${what}; check the option "issuer"`
  return new ConfigurationError('authorization_server_metadata_invalid', message)
}

/** What of an error response (RFC 6749 §5.2) may be repeated. */
export function oauthError(
  status: number,
  body: unknown,
): { readonly status: number; readonly error?: string } {
  const error = registeredError((body as { readonly error?: unknown } | undefined)?.error)
  return error === undefined ? { status } : { status, error }
}

/** What a response without usable tokens means for the refresh token that was sent. */
export function refused({ status, headers }: Response, body: unknown, now: number): RefreshAnswer {
  const answer = oauthError(status, body)
  const kind = classifyRefusal(status, answer.error)
  const cause = { name: 'TokenEndpointError', ...answer }
  if (kind === 'rejected') return { kind }
  if (kind === 'misconfigured') return { kind, cause }
  return { kind, cause, retryAfterSeconds: retryAfterSeconds(headers.get('retry-after'), now) }
}

/** A route may be lost after the request was sent: then the same codes come from reading or writing. */
function wasConnected(error: unknown): boolean {
  const { syscall, cause } = error as {
    readonly syscall?: unknown
    readonly cause?: { readonly syscall?: unknown }
  }
  return [syscall, cause?.syscall].some((name) => name === 'read' || name === 'write')
}

/** The same where no response came. */
export function unanswered(error: unknown): RefreshAnswer {
  const cause = redact(error)
  if (error instanceof TryLaterError || (NOT_CONNECTED.has(cause.code ?? '') && !wasConnected(error)))
    return { kind: 'not_processed', cause }
  if (error instanceof ConfigurationError || cause.code?.startsWith('OAUTH_'))
    return { kind: 'misconfigured', cause }
  return { kind: 'ambiguous', cause }
}
