import type { TokenProxy } from '../handlers/calls/token-proxy.ts'
import { readStepUp, type StepUpChallenge, stepUpQuery } from '../rules/calls/step-up.ts'
import { type AntiForgery, createAntiForgery } from './anti-forgery.ts'
import type { BoundSession } from './bound-session.ts'
import { createBoundTokenProxy, type TokenProxyRoutes } from './token-proxy-options.ts'
import { createTokenSession, type TokenSession } from './token-session.ts'

/** The session of one user, with all functions. */
export interface UserSession extends TokenSession, AntiForgery {
  /** Creates a handler that forwards requests to remote APIs, with the token of this user. */
  createTokenProxy(routes: TokenProxyRoutes): TokenProxy
  /**
   * Returns the login URL after an API has required a stronger or fresher sign-in (RFC 9470) or more scope. It is a
   * path of this application, or `undefined` if the response requires neither. The response is not changed.
   *
   * For more scope, `forwardLoginParameters` must contain `scope`. Otherwise the result is `undefined`.
   *
   * @param returnTo - The destination after the sign-in: a path, or a URL of this application.
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
      const { basePath, routePrefix, forwardLoginParameters = [] } = bound()
      const challenge = stepUpChallenge(response)
      const query = challenge && stepUpQuery(challenge, returnTo, forwardLoginParameters.includes('scope'))
      return query && `${basePath}${routePrefix}/login?${query}`
    },
  }
}

/** Returns the requirement of an API for the sign-in, or `undefined` if its response has none. */
export function stepUpChallenge({ status, headers }: Response): StepUpChallenge | undefined {
  return status === 401 || status === 403 ? readStepUp(headers.get('www-authenticate')) : undefined
}
