import type { RequestContext } from '../ports/runtime.ts'
import { ConfigurationError, EvertokenError, type EventListener } from '../vocabulary/index.ts'
import type { BoundSession } from './bound-session.ts'
import { createEmitter, type EventListeners } from './emitter.ts'

/**
 * Returns a function that finds the session of the request being handled. A session function calls it at every call, so you
 * can create and destructure session functions before the first request.
 */
export function createSessionFinder(context: RequestContext, onEvent?: EventListeners): () => BoundSession {
  const emit = createEmitter(onEvent)
  return () => findSession(context, emit)
}

/** Returns `undefined` if no request is being handled, or the runtime has no async context. */
export function findCurrent(context: RequestContext): BoundSession | undefined {
  try {
    return context.get() as BoundSession | undefined
  } catch (error) {
    if (error instanceof EvertokenError) return undefined
    throw error
  }
}

/** @throws {ConfigurationError} If no request is being handled, or the runtime has no async context. */
function findSession(context: RequestContext, emit: EventListener): BoundSession {
  try {
    const found = context.get() as BoundSession | undefined
    if (!found) throw noCurrentSession(context.elsewhere)
    return found
  } catch (error) {
    if (error instanceof EvertokenError) emit({ type: 'programming_error', code: error.code })
    throw error
  }
}

const ELSEWHERE = '`session(request)`, or `sessionById(id)` in jobs and streams'

function noCurrentSession(elsewhere = ELSEWHERE): ConfigurationError {
  const message = `No request is being handled. Call this within \`handler\` or \`handle\`. Elsewhere, use ${elsewhere}.`
  return new ConfigurationError('no_current_session', message)
}
