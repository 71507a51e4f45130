import type { TokenFetch } from '../handlers/token-fetch.ts'
import type { RequestContext } from '../ports/runtime.ts'
import { ConfigurationError } from '../vocabulary/index.ts'
import { createAntiForgery } from './anti-forgery.ts'
import type { BoundSession } from './bound-session.ts'
import { createBoundTokenFetch, type TokenFetchOptions } from './token-fetch-options.ts'
import { createBoundTokenProxy } from './token-proxy-options.ts'
import type { UserSession } from './user-session.ts'

/** What the session interface offers, for the user of the request being handled. */
export type CurrentSession = Omit<UserSession, 'respond'>

/** What the async context carries. */
export interface Current {
  readonly bound: BoundSession
  readonly user: UserSession
}

/** Finds the session at every call, so it can be made, and taken apart, before there is any request. */
export function createCurrentSession(context: RequestContext): CurrentSession {
  function current(): Current {
    const found = context.get() as Current | undefined
    if (!found) throw noCurrentSession()
    return found
  }

  return {
    ...createAntiForgery(() => current().bound),
    createTokenProxy: (routes) => createBoundTokenProxy(() => current().bound, routes),
    createTokenFetch: (options: TokenFetchOptions): TokenFetch =>
      createBoundTokenFetch(() => current().bound, options),
    getUserAccessToken: async (wanted) => await current().user.getUserAccessToken(wanted),
    revokeRefreshToken: async () => current().user.revokeRefreshToken(),
    getUser: async () => current().user.getUser(),
    startSession: async (tokenResponse, start) => current().user.startSession(tokenResponse, start),
    loginUrlFor: (response, returnTo) => current().user.loginUrlFor(response, returnTo),
    endSession: async () => current().user.endSession(),
    getId: async () => current().user.getId(),
  }
}

function noCurrentSession(): ConfigurationError {
  const message =
    'Cannot tell whose token is wanted: call this while "handle" runs the request, or name the session with ' +
    '"session(request)" or "sessionById(id)"'
  return new ConfigurationError('no_current_session', message)
}
