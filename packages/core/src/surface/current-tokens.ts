import type { RequestContext } from '../ports/runtime.ts'
import { ConfigurationError, EvertokenError, type EventListener } from '../vocabulary/index.ts'
import type { BoundSession } from './bound-session.ts'
import { createEmitter } from './emitter.ts'
import { createTokenSession, type TokenSession } from './token-session.ts'

/** The functions of a token session, for the user of the request being handled. */
export type CurrentTokens = Omit<TokenSession, 'respond'>

/**
 * Creates functions that find the session at every call. You can create and destructure them before the first request.
 */
export function createCurrentTokens(context: RequestContext, onEvent?: EventListener): CurrentTokens {
  return createCurrent(createTokenSession, context, onEvent)
}

/** Does the same for any kind of session. */
export function createCurrent<User extends TokenSession>(
  create: (bound: () => BoundSession) => User,
  context: RequestContext,
  onEvent: EventListener | undefined,
): Omit<User, 'respond'> {
  const emit = createEmitter(onEvent)
  const { respond: _, ...current } = create(() => currentOf(context, emit))
  return current
}

/** @throws {ConfigurationError} If no request is being handled, or the runtime has no async context. */
function currentOf(context: RequestContext, emit: EventListener): BoundSession {
  try {
    const found = context.get() as BoundSession | undefined
    if (!found) throw noCurrentSession()
    return found
  } catch (error) {
    if (error instanceof EvertokenError) emit({ type: 'programming_error', code: error.code })
    throw error
  }
}

function noCurrentSession(): ConfigurationError {
  const message =
    'No request is being handled, so no session is current. Call this inside the function that you pass to ' +
    '`handler`, `listener` or `handle`. Elsewhere, use `session(request)`, or `sessionById(id)` in jobs and streams.'
  return new ConfigurationError('no_current_session', message)
}
