import type { RequestContext } from '../ports/runtime.ts'
import { createAntiForgery } from './anti-forgery.ts'
import { createCurrentTokens, currentOf } from './current-tokens.ts'
import { createBoundTokenProxy } from './token-proxy-options.ts'
import type { UserSession } from './user-session.ts'

/** What the session interface offers, for the user of the request being handled. */
export type CurrentSession = Omit<UserSession, 'respond'>

/** As `createCurrentTokens`, with all the rest. */
export function createCurrentSession(context: RequestContext): CurrentSession {
  const bound = () => currentOf(context).bound
  return {
    ...createCurrentTokens(context),
    ...createAntiForgery(bound),
    createTokenProxy: (routes) => createBoundTokenProxy(bound, routes),
    loginUrlFor: (response, returnTo) => currentOf<UserSession>(context).user.loginUrlFor(response, returnTo),
  }
}
