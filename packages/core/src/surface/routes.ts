import { backChannelLogout } from '../handlers/back-channel-logout.ts'
import { callback } from '../handlers/callback.ts'
import { diagnostics } from '../handlers/diagnostics.ts'
import { frontChannelLogout } from '../handlers/front-channel-logout.ts'
import { login, type LoginOptions } from '../handlers/login.ts'
import { createLogoutReturns, type LogoutReturns } from '../handlers/logout-return.ts'
import { logout } from '../handlers/logout.ts'
import { createPendingLogins } from '../handlers/pending-login.ts'
import { problemFor } from '../handlers/problem.ts'
import { user } from '../handlers/user.ts'
import { fingerprint } from '../mechanisms/digest.ts'
import type { Protocol } from '../mechanisms/protocol/protocol.ts'
import { createSeal } from '../mechanisms/seal.ts'
import type { SessionDirectory } from '../mechanisms/session-directory.ts'
import type { SessionKind } from '../mechanisms/session-kinds.ts'
import type { Clock } from '../ports/clock.ts'
import { isLoopback } from '../rules/allowed-urls.ts'
import { cookieName } from '../rules/cookies.ts'
import type { EventListener } from '../vocabulary/index.ts'
import type { Settings } from './options.ts'
import type { Routes } from './engine.ts'

export interface RoutesOptions {
  readonly settings: Settings
  readonly kind: SessionKind
  /** Present when the authorization server may sign users out by itself. */
  readonly directory: SessionDirectory | undefined
  readonly protocol: Protocol
  readonly clock: Clock
  readonly emit: EventListener
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
  const { settings, protocol, clock, emit, kind, directory } = options
  const { routePrefix, clientId, issuer, idleSeconds, postLogoutPath } = settings
  const loginSeal = createSeal(settings.secrets, 'login')
  const logoutSeal = createSeal(settings.secrets, 'logout')
  const revocation = { protocol, emit, clock, revoke: settings.revokeOnLogout }

  function loginOptions(origin: string, cookies: ReadonlyMap<string, string>): LoginOptions {
    const { responseMode, loginParameters, signInErrorPath } = settings
    const secure = origin.startsWith('https:')
    const sameSite = responseMode === 'form_post' ? 'None' : 'Lax'
    const seesSession = responseMode === 'query' && settings.sameSite === 'Lax'
    const name = cookieName(settings.cookieName, secure)
    const attributes = { secure, sameSite } as const
    return {
      protocol,
      emit,
      origin,
      responseMode,
      seesSession,
      loginParameters,
      signInErrorPath,
      loginPath: `${routePrefix}/login`,
      redirectUri: `${origin}${routePrefix}/callback`,
      parameters: settings.authorizationParameters,
      logins: createPendingLogins({ seal: loginSeal, clock, issuer, cookieName: name, cookies, attributes }),
    }
  }

  function returnsOf(origin: string, cookies: ReadonlyMap<string, string>): LogoutReturns {
    const secure = origin.startsWith('https:')
    const name = cookieName(settings.cookieName, secure)
    return createLogoutReturns({
      seal: logoutSeal,
      clock,
      origin,
      secure,
      cookies,
      postLogoutPath,
      cookieName: name,
    })
  }

  /** Ends the session before, as far as the store holds it. */
  async function replace(key: string): Promise<void> {
    const last = await (await kind.stored(key))?.end('replaced')
    if (last) emit({ type: 'session_ended', session: fingerprint(key), reason: 'replaced' })
  }

  function find(
    path: string,
    origin: string,
    ...[request, cookies, bound]: Parameters<Routes>
  ): ReturnType<Routes> {
    const { session } = bound
    switch (path) {
      case '/login':
        return () => login(request, session, loginOptions(origin, cookies))
      case '/callback': {
        const { onSignedIn } = settings
        const starting = { keepAlive: session.keepAlive, start: bound.start }
        return () =>
          callback(request, { ...loginOptions(origin, cookies), session: starting, end: replace, onSignedIn })
      }
      case '/user': {
        const anonymous = settings.anonymousSessionResponse
        const userOptions = { origin, idleSeconds, anonymous, logoutPath: `${routePrefix}/logout` }
        return () => user(request, session, userOptions).catch(problemFor)
      }
      case '/logout': {
        const postLogoutRedirectUri = `${origin}${postLogoutPath}`
        const returns = returnsOf(origin, cookies)
        const logoutOptions = { ...revocation, clientId, origin, postLogoutRedirectUri, returns }
        return () => logout(request, session, logoutOptions).catch(problemFor)
      }
      case '/back-channel-logout': {
        if (!directory) return undefined
        const all = settings.backChannelLogout === 'all'
        const { keepAlive } = session
        return () => backChannelLogout(request, { ...revocation, directory, kind, all, keepAlive })
      }
      case '/front-channel-logout':
        if (!settings.frontChannelLogout) return undefined
        return () => frontChannelLogout(request, session, { ...revocation, issuer }).catch(problemFor)
      case '/diagnostics': {
        const isLocal = [origin, request.url].every((each) => isLoopback(new URL(each).hostname))
        if (!settings.diagnostics || !isLocal) return undefined
        const configuration = withoutSecrets(settings)
        const shown = { origin, protocol, idleSeconds, configuration }
        return () => diagnostics(request, session, shown).catch(problemFor)
      }
      default:
        return undefined
    }
  }

  return (request, cookies, bound) => {
    const url = new URL(request.url)
    const { pathname } = url
    const origin = settings.origin ?? url.origin
    if (pathname === postLogoutPath && url.search !== '' && request.method === 'GET') {
      const returns = returnsOf(origin, cookies)
      if (returns.isReturn(url.searchParams)) return () => returns.receive(url.searchParams)
    }
    if (!pathname.startsWith(`${routePrefix}/`)) return undefined
    const path = pathname.slice(routePrefix.length)
    const answer = find(path, origin, request, cookies, bound)
    const methods = METHODS[path]
    if (!answer || !methods || methods.includes(request.method)) return answer
    return () => Promise.resolve(methodNotAllowed(methods))
  }
}

function methodNotAllowed(methods: readonly string[]): Response {
  const headers = { allow: methods.join(', '), 'cache-control': 'no-store' }
  return new Response(null, { status: 405, headers })
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
