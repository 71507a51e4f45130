import type { RequestContext } from '../ports/runtime.ts'
import { ConfigurationError } from '../vocabulary/index.ts'
import type { BoundSession } from './bound-session.ts'
import { createBoundTokenFetch } from './token-fetch-options.ts'
import type { TokenSession } from './token-session.ts'

/** What a session offers, for the user of the request being handled. */
export type CurrentTokens = Omit<TokenSession, 'respond'>

/** What the async context carries. */
export interface Current<User extends TokenSession = TokenSession> {
  readonly bound: BoundSession
  readonly user: User
}

/** Finds the session at every call, so it can be made, and taken apart, before there is any request. */
export function createCurrentTokens(context: RequestContext): CurrentTokens {
  const user = () => currentOf(context).user
  return {
    createTokenFetch: (options) => createBoundTokenFetch(() => currentOf(context).bound, options),
    getUserAccessToken: async (wanted) => await user().getUserAccessToken(wanted),
    revokeRefreshToken: async () => user().revokeRefreshToken(),
    getUser: async () => user().getUser(),
    startSession: async (tokenResponse, start) => user().startSession(tokenResponse, start),
    endSession: async () => user().endSession(),
    getId: async () => user().getId(),
  }
}

/** @throws ConfigurationError when no request is being handled. */
export function currentOf<User extends TokenSession>(context: RequestContext): Current<User> {
  const found = context.get() as Current<User> | undefined
  if (found) return found
  const message = 'Cannot tell whose token is wanted: call this inside "handle", or use "session(request)"'
  throw new ConfigurationError('no_current_session', message)
}
