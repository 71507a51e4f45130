import { backChannelLogout } from '../handlers/back-channel-logout.ts'
import { callback } from '../handlers/callback.ts'
import { diagnostics } from '../handlers/diagnostics.ts'
import { frontChannelLogout } from '../handlers/front-channel-logout.ts'
import { login, type LoginOptions } from '../handlers/login.ts'
import { createLogoutReturns } from '../handlers/logout-return.ts'
import { logout } from '../handlers/logout.ts'
import { createPendingLogins } from '../handlers/pending-login.ts'
import { problemFor } from '../handlers/problem.ts'
import { user } from '../handlers/user.ts'
import type { Protocol } from '../mechanisms/protocol/protocol.ts'
import type { SessionDirectory } from '../mechanisms/session-directory.ts'
import type { SessionKind } from '../mechanisms/session-kinds.ts'
import { isLoopback } from '../rules/allowed-urls.ts'
import { cookieName } from '../rules/cookies.ts'
import type { Settings } from './options.ts'
import type { Ground, Routes } from './engine.ts'

export interface RoutesOptions extends Ground<Settings> {
  readonly sessions: SessionKind
  /** Present when the authorization server may sign users out by itself. */
  readonly directory: SessionDirectory | undefined
  readonly protocol: Protocol
}

export function createRoutes(options: RoutesOptions): Routes {
  const { routePrefix, postLogoutPath, sealFor, sessions, directory } = options
  const loginSeal = sealFor('login')
  const logoutSeal = sealFor('logout')
  const loginPath = `${routePrefix}/login`
  const logoutPath = `${routePrefix}/logout`
  const shared = { ...options, loginPath, logoutPath, revoke: options.revokeOnLogout }

  return (request, cookies, bound) => {
    const url = new URL(request.url)
    const { pathname } = url
    const mayReturn = pathname === postLogoutPath && url.search !== '' && request.method === 'GET'
    const isOurs = pathname.startsWith(`${routePrefix}/`)
    if (!mayReturn && !isOurs) return undefined
    const { session } = bound
    const origin = options.origin ?? url.origin
    const secure = origin.startsWith('https:')
    const here = { ...shared, origin, secure, cookies, cookieName: cookieName(options.cookieName, secure) }

    const returns = () => createLogoutReturns({ ...here, seal: logoutSeal })
    const loginOptions = (): LoginOptions => {
      const sameSite = options.responseMode === 'form_post' ? 'None' : 'Lax'
      const attributes = { secure, sameSite } as const
      return {
        ...here,
        redirectUri: `${origin}${routePrefix}/callback`,
        strict: options.sameSite === 'Strict',
        parameters: options.authorizationParameters,
        logins: createPendingLogins({ ...here, seal: loginSeal, attributes }),
      }
    }

    if (mayReturn) {
      const returning = returns()
      if (returning.isReturn(url.searchParams)) return () => returning.receive(url.searchParams)
    }
    if (!isOurs) return undefined
    switch (pathname.slice(routePrefix.length)) {
      case '/login':
        return () => login(request, session, loginOptions())
      case '/callback': {
        const end = async (key: string) => (await sessions.stored(key))?.end('signed_out')
        const starting = { keepAlive: session.keepAlive, start: bound.start }
        const { onSignedIn } = options
        return () => callback(request, { ...loginOptions(), session: starting, end, onSignedIn })
      }
      case '/user':
        return () =>
          user(request, session, { ...shared, anonymous: options.anonymousSessionResponse }).catch(problemFor)
      case '/logout': {
        const postLogoutRedirectUri = origin + postLogoutPath
        return () =>
          logout(request, session, { ...here, postLogoutRedirectUri, returns: returns() }).catch(problemFor)
      }
      case '/back-channel-logout': {
        if (!directory) return undefined
        const all = options.backChannelLogout === 'all'
        const { keepAlive } = session
        return () => backChannelLogout(request, { ...shared, directory, kind: sessions, all, keepAlive })
      }
      case '/front-channel-logout':
        if (!options.frontChannelLogout) return undefined
        return () => frontChannelLogout(request, session, shared).catch(problemFor)
      case '/diagnostics': {
        if (!options.diagnostics || !isLoopback(new URL(origin).hostname)) return undefined
        const configuration = withoutSecrets(options)
        return () => diagnostics(session, { ...shared, configuration }).catch(problemFor)
      }
      default:
        return undefined
    }
  }
}

/** Named one by one, so that a secret that is added to the settings one day is not shown by itself. */
function withoutSecrets(settings: Settings): Record<string, unknown> {
  const { authentication, origin, authorizationParameters, secrets, policy, kind } = settings
  const { onSignedIn, onRefreshed } = settings
  const shown = [
    'issuer',
    'metadataUrl',
    'clientId',
    'routePrefix',
    'cookieName',
    'sameSite',
    'idleSeconds',
    'absoluteSeconds',
    'revokeOnLogout',
    'postLogoutPath',
    'loginParameters',
    'responseMode',
    'signInErrorPath',
    'anonymousSessionResponse',
    'backChannelLogout',
    'frontChannelLogout',
    'diagnostics',
  ] as const
  return {
    ...Object.fromEntries(shown.map((name) => [name, settings[name]])),
    clientAuthentication: authentication.method,
    secrets: secrets.length,
    baseUrl: origin,
    authorizationParameters: Object.fromEntries(authorizationParameters),
    session: kind,
    ...policy,
    hooks: Object.entries({ onSignedIn, onRefreshed }).flatMap(([hook, given]) => (given ? [hook] : [])),
  }
}
