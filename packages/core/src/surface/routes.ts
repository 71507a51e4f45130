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
import { fingerprint } from '../mechanisms/digest.ts'
import type { Protocol } from '../mechanisms/protocol/protocol.ts'
import type { SessionDirectory } from '../mechanisms/session-directory.ts'
import type { SessionKind } from '../mechanisms/session-kind.ts'
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

/** Any other is refused (RFC 9110 §15.5.6). Signing out judges by itself what is meant. */
const METHODS: Readonly<Record<string, readonly string[]>> = {
  '/login': ['GET'],
  '/callback': ['GET', 'POST'],
  '/user': ['GET', 'HEAD'],
  '/back-channel-logout': ['POST'],
  '/front-channel-logout': ['GET'],
  '/diagnostics': ['GET'],
}

export function createRoutes(options: RoutesOptions): Routes {
  const { routePrefix, postLogoutPath, sealFor, sessions, directory } = options
  const loginSeal = sealFor('login')
  const logoutSeal = sealFor('logout')
  const loginPath = `${routePrefix}/login`
  const logoutPath = `${routePrefix}/logout`
  const shared = { ...options, loginPath, logoutPath, revoke: options.revokeOnLogout }

  /** Ends the session before, as far as the store holds it. */
  async function replace(key: string): Promise<void> {
    const last = await (await sessions.stored(key))?.end('replaced')
    if (last) options.emit({ type: 'session_ended', session: fingerprint(key), reason: 'replaced' })
  }

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

    function find(path: string): ReturnType<Routes> {
      switch (path) {
        case '/login':
          return () => login(request, session, loginOptions())
        case '/callback': {
          const starting = { keepAlive: session.keepAlive, start: bound.start }
          const { onSignedIn } = options
          return () => callback(request, { ...loginOptions(), session: starting, end: replace, onSignedIn })
        }
        case '/user':
          return () =>
            user(request, session, { ...here, anonymous: options.anonymousSessionResponse }).catch(problemFor)
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
          const isLocal = [origin, request.url].every((each) => isLoopback(new URL(each).hostname))
          if (!options.diagnostics || !isLocal) return undefined
          const configuration = withoutSecrets(options)
          return () => diagnostics(request, session, { ...here, configuration }).catch(problemFor)
        }
        default:
          return undefined
      }
    }

    if (mayReturn) {
      const returning = returns()
      if (returning.isReturn(url.searchParams)) return () => returning.receive(url.searchParams)
    }
    if (!isOurs) return undefined
    const path = pathname.slice(routePrefix.length)
    const route = find(path)
    const methods = METHODS[path] ?? [request.method]
    return route && !methods.includes(request.method) ? () => methodNotAllowed(methods) : route
  }
}

function methodNotAllowed(methods: readonly string[]): Promise<Response> {
  const headers = { allow: methods.join(', '), 'cache-control': 'no-store' }
  return Promise.resolve(new Response(null, { status: 405, headers }))
}

/** Named one by one, so that a secret that is added to the settings one day is not shown by itself. */
function withoutSecrets(settings: Settings): Record<string, unknown> {
  const { authentication, origin, authorizationParameters, secrets, policy } = settings
  const { onSignedIn, onRefreshed } = settings
  const shown = [
    'issuer',
    'metadataUrl',
    'clientId',
    'routePrefix',
    'session',
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
    ...policy,
    hooks: Object.entries({ onSignedIn, onRefreshed }).flatMap(([hook, given]) => (given ? [hook] : [])),
  }
}
