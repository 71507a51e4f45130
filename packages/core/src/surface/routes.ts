import { answer } from '../handlers/answer.ts'
import { backChannelLogout, type BackChannelLogoutOptions } from '../handlers/back-channel-logout.ts'
import { callback, type CallbackOptions } from '../handlers/callback.ts'
import { diagnostics, type DiagnosticsOptions } from '../handlers/diagnostics.ts'
import { frontChannelLogout } from '../handlers/front-channel-logout.ts'
import { login } from '../handlers/login.ts'
import { receiveReturn } from '../handlers/logout-return.ts'
import { logout, type LogoutOptions } from '../handlers/logout.ts'
import { problemFor } from '../handlers/problem.ts'
import { user, type UserOptions } from '../handlers/user.ts'
import { createNotes } from '../mechanisms/notes.ts'
import type { Protocol } from '../mechanisms/protocol/protocol.ts'
import type { SessionDirectory } from '../mechanisms/session-directory.ts'
import type { SessionKind } from '../mechanisms/session-kind.ts'
import { isLoopback } from '../rules/allowed-urls.ts'
import { cookieName as nameOnWire } from '../rules/cookies.ts'
import type { BoundSession } from './bound-session.ts'
import type { Ground, Routes } from './engine.ts'
import type { Settings } from './options.ts'
import { shownSettings } from './shown-settings.ts'

export interface RoutesOptions extends Ground<Settings> {
  readonly sessions: SessionKind
  /** Present when the authorization server may sign users out by itself. */
  readonly directory: SessionDirectory | undefined
  readonly protocol: Protocol
}

/** What the handlers need to know of the application and of the request. */
type Here = CallbackOptions & LogoutOptions & UserOptions & BackChannelLogoutOptions & DiagnosticsOptions

/** Any other method is refused (RFC 9110 §15.5.6); with none here, all are the handler's to judge. */
type Route = readonly [handle: (request: Request, here: Here) => Promise<Response>, ...methods: string[]]

export function createRoutes(options: RoutesOptions): Routes {
  const { routePrefix, postLogoutPath, sealFor, clock } = options
  const loginSeal = sealFor('login')
  const logoutSeal = sealFor('logout')
  const shared = {
    ...options,
    // Asked only where there is one.
    directory: options.directory as SessionDirectory,
    all: options.backChannelLogout === 'all',
    revoke: options.revokeOnLogout,
    configuration: shownSettings(options),
  }
  const routes: Readonly<Record<string, Route | false | undefined>> = {
    '/login': [login, 'GET'],
    '/callback': [callback, 'GET', 'POST'],
    '/user': [user, 'GET', 'HEAD'],
    '/logout': [logout],
    '/back-channel-logout': options.directory && [backChannelLogout, 'POST'],
    '/front-channel-logout': options.frontChannelLogout && [frontChannelLogout, 'GET'],
    '/diagnostics': options.diagnostics && [diagnostics, 'GET'],
  }

  function hereOf(
    url: URL,
    cookies: ReadonlyMap<string, string>,
    { session, start, current }: BoundSession,
  ): Here {
    const { origin = url.origin } = options
    const secure = origin.startsWith('https:')
    const cookieName = nameOnWire(options.cookieName, secure)
    const sameSite = options.responseMode === 'form_post' ? 'None' : 'Lax'
    return {
      ...shared,
      session,
      start,
      current,
      origin,
      secure,
      cookies,
      cookieName,
      query: url.searchParams,
      logins: createNotes(loginSeal, clock, cookies, { secure, sameSite }),
      returns: createNotes(logoutSeal, clock, cookies, { secure, sameSite: 'Lax' }),
      returnCookie: `${cookieName}.logout`,
    }
  }

  return (request, cookies, bound) => {
    const url = new URL(request.url)
    const { pathname } = url
    const mayReturn = pathname === postLogoutPath && url.search !== '' && request.method === 'GET'
    const isOurs = pathname.startsWith(`${routePrefix}/`)
    if (!mayReturn && !isOurs) return undefined
    const here = hereOf(url, cookies, bound)
    const state = here.query.get('state')
    if (mayReturn && state !== null && cookies.has(here.returnCookie)) return () => receiveReturn(state, here)

    const route = isOurs && routes[pathname.slice(routePrefix.length)]
    if (!route) return undefined
    const [handle, ...methods] = route
    if (handle === diagnostics && !isLocal(url, here.origin)) return undefined
    if (methods.length > 0 && !methods.includes(request.method))
      return () => Promise.resolve(answer(405, { allow: methods.join(', ') }))
    return () => handle(request, here).catch(problemFor)
  }
}

/** By the name that was asked for, and by the one that browsers use. */
function isLocal(asked: URL, origin: string): boolean {
  return isLoopback(asked.hostname) && isLoopback(new URL(origin).hostname)
}
