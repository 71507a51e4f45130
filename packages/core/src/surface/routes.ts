import { callback } from '../handlers/callback.ts'
import { login, type LoginOptions } from '../handlers/login.ts'
import { logout } from '../handlers/logout.ts'
import { problemFor } from '../handlers/problem.ts'
import { user } from '../handlers/user.ts'
import type { Protocol } from '../mechanisms/protocol.ts'
import { createSeal } from '../mechanisms/seal.ts'
import type { Clock } from '../ports/clock.ts'
import { cookieName } from '../rules/cookies.ts'
import type { EventListener } from '../vocabulary/index.ts'
import type { BoundSession } from './bound-session.ts'
import type { Settings } from './options.ts'

export interface RoutesOptions {
  readonly settings: Settings
  readonly protocol: Protocol
  readonly clock: Clock
  readonly emit: EventListener
}

/** Finds the route of the library that a request is for; `undefined` when it is the application's. */
export type Routes = (
  request: Request,
  cookies: ReadonlyMap<string, string>,
  bound: BoundSession,
) => (() => Promise<Response>) | undefined

export function createRoutes(options: RoutesOptions): Routes {
  const { settings, protocol, clock, emit } = options
  const { routePrefix, clientId, issuer, authorizationParameters, revokeOnLogout } = settings
  const seal = createSeal(settings.secrets, 'login')

  function loginOptions(origin: string): LoginOptions {
    const secure = origin.startsWith('https:')
    return {
      protocol,
      seal,
      clock,
      issuer,
      origin,
      secure,
      cookieName: cookieName(settings.cookieName, secure),
      redirectUri: `${origin}${routePrefix}/callback`,
      parameters: authorizationParameters,
    }
  }

  return (request, cookies, bound) => {
    const { pathname, origin: requestOrigin } = new URL(request.url)
    if (!pathname.startsWith(`${routePrefix}/`)) return undefined
    const origin = settings.origin ?? requestOrigin
    const { session } = bound
    switch (pathname.slice(routePrefix.length)) {
      case '/login':
        return () => login(request, cookies, loginOptions(origin)).catch(problemFor)
      case '/callback':
        return () => callback(request, cookies, bound, loginOptions(origin), emit)
      case '/user':
        return () => user(session).catch(problemFor)
      case '/logout': {
        const postLogoutRedirectUri = `${origin}${settings.postLogoutPath}`
        const revoke = revokeOnLogout
        const logoutOptions = { protocol, clientId, origin, revoke, postLogoutRedirectUri, emit }
        return () => logout(request, session, logoutOptions).catch(problemFor)
      }
      default:
        return undefined
    }
  }
}
