import { defined } from '../rules/defined.ts'
import { type EventListener, EvertokenError, type RedactedCause } from '../vocabulary/index.ts'

/** Returns the error if it is an `EvertokenError`, and throws it otherwise. */
export function ours(error: unknown): EvertokenError {
  if (error instanceof EvertokenError) return error
  throw error
}

/** Does the same, and emits an event. */
export function reported(
  type: 'sign_in_failed' | 'logout_token_rejected',
  error: unknown,
  emit: EventListener,
): EvertokenError {
  const told = ours(error)
  emit(defined({ type, code: told.code, cause: told.cause as RedactedCause | undefined }))
  return told
}
