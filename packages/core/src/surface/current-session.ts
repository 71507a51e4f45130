import type { RequestContext } from '../ports/runtime.ts'
import type { EventListener } from '../vocabulary/index.ts'
import { createCurrent } from './current-tokens.ts'
import { createUserSession, type UserSession } from './user-session.ts'

/** What the session interface offers, for the user of the request being handled. */
export type CurrentSession = Omit<UserSession, 'respond'>

/** As `createCurrentTokens`, with all the rest. */
export function createCurrentSession(context: RequestContext, onEvent?: EventListener): CurrentSession {
  return createCurrent(createUserSession, context, onEvent)
}
