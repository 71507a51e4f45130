import type { RequestContext } from '../ports/runtime.ts'
import { ConfigurationError } from '../vocabulary/index.ts'
import type { BoundSession } from './bound-session.ts'
import { createTokenSession, type TokenSession } from './token-session.ts'

/** What a session offers, for the user of the request being handled. */
export type CurrentTokens = Omit<TokenSession, 'respond'>

/** Finds the session at every call, so it can be made, and taken apart, before there is any request. */
export function createCurrentTokens(context: RequestContext): CurrentTokens {
  return createCurrent(createTokenSession, context)
}

/** The same for any kind of session. */
export function createCurrent<User extends TokenSession>(
  create: (bound: () => BoundSession) => User,
  context: RequestContext,
): Omit<User, 'respond'> {
  const { respond: _, ...current } = create(() => currentOf(context))
  return current
}

/** @throws ConfigurationError when no request is being handled. */
function currentOf(context: RequestContext): BoundSession {
  const found = context.get() as BoundSession | undefined
  if (found) return found
  const message = 'Cannot tell whose token is wanted: call this inside "handle", or use "session(request)"'
  throw new ConfigurationError('no_current_session', message)
}
