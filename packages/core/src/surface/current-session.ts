import type { RequestContext } from '../ports/runtime.ts'
import type { EventListener } from '../vocabulary/index.ts'
import { createCurrent } from './current-tokens.ts'
import { createUserSession, type UserSession } from './user-session.ts'

/** The functions of the session interface, for the user of the request being handled. */
export type CurrentSession = Omit<UserSession, 'respond'>

/** Same as `createCurrentTokens`, with all other functions of a session. */
export function createCurrentSession(context: RequestContext, onEvent?: EventListener): CurrentSession {
  return createCurrent(createUserSession, context, onEvent)
}
