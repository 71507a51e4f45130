import type { TokenProxy } from '../handlers/token-proxy.ts'
import { readStepUp, type StepUpChallenge, stepUpQuery } from '../rules/step-up.ts'
import { type AntiForgery, createAntiForgery } from './anti-forgery.ts'
import type { BoundSession } from './bound-session.ts'
import { createBoundTokenProxy, type TokenProxyRoutes } from './token-proxy-options.ts'
import { createTokenSession, type TokenSession } from './token-session.ts'

/** The session of one user: all that can be done for them. */
export interface UserSession extends TokenSession, AntiForgery {
  /** Makes a handler that passes requests on to remote APIs, with this user's token. */
  createTokenProxy(routes: TokenProxyRoutes): TokenProxy
  /**
   * Where to send the browser after an API has asked for a stronger or fresher sign-in (RFC 9470) or for more scope:
   * a path of this application, or `undefined` when the response asks for neither. The response stays as it came.
   *
   * For more scope, `loginParameters` must contain `scope`. Otherwise the result is `undefined`.
   *
   * @param returnTo - Where the browser comes back to: a path, or an URL of this application.
   */
  loginUrlFor(response: Response, returnTo?: string): string | undefined
}

/** @param bound - Finds the session, at every call. */
export function createUserSession(bound: () => BoundSession): UserSession {
  return {
    ...createTokenSession(bound),
    ...createAntiForgery(bound),
    createTokenProxy: (routes) => createBoundTokenProxy(bound, routes),
    loginUrlFor(response, returnTo) {
      const { basePath, routePrefix, loginParameters = [] } = bound()
      const challenge = stepUpChallenge(response)
      const query = challenge && stepUpQuery(challenge, returnTo, loginParameters.includes('scope'))
      return query && `${basePath}${routePrefix}/login?${query}`
    },
  }
}

/** What an API asks for before it goes on; `undefined` when its response asks for nothing of the kind. */
export function stepUpChallenge({ status, headers }: Response): StepUpChallenge | undefined {
  return status === 401 || status === 403 ? readStepUp(headers.get('www-authenticate')) : undefined
}
