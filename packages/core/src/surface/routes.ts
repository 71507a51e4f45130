import { answer } from '../handlers/answer.ts'
import { backChannelLogout, type BackChannelLogoutOptions } from '../handlers/routes/back-channel-logout.ts'
import { callback, type CallbackOptions } from '../handlers/routes/callback.ts'
import { diagnostics, type DiagnosticsOptions } from '../handlers/routes/diagnostics.ts'
import {
  frontChannelLogout,
  type FrontChannelLogoutOptions,
} from '../handlers/routes/front-channel-logout.ts'
import { login } from '../handlers/routes/login.ts'
import { receiveReturn } from '../handlers/routes/logout-return.ts'
import { logout, type LogoutOptions } from '../handlers/routes/logout.ts'
import { problemFor } from '../handlers/problem.ts'
import { user, type UserOptions } from '../handlers/routes/user.ts'
import { createTransactionCookies } from '../mechanisms/sign-in/transaction-cookies.ts'
import { createPendingLogins } from '../mechanisms/sign-in/pending-logins.ts'
import type { Protocol } from '../mechanisms/protocol/protocol.ts'
import type { SessionDirectory } from '../mechanisms/sessions/session-directory.ts'
import type { SessionStrategy } from '../mechanisms/sessions/session-strategy.ts'
import { createUsedLogins } from '../mechanisms/sign-in/used-logins.ts'
import { isLoopback } from '../rules/calls/allowed-urls.ts'
import { applicationPaths } from '../rules/browser/base-path.ts'
import { hasSecureCookies } from '../rules/browser/browser-address.ts'
import { cookieName as nameOnWire } from '../rules/sessions/cookies.ts'
import type { BoundSession } from './bound-session.ts'
import type { Ground, Routes } from './engine.ts'
import type { Settings } from './options.ts'
import { shownSettings } from './shown-settings.ts'

export interface RoutesOptions extends Ground<Settings> {
  readonly sessions: SessionStrategy
  /** Present if the authorization server can sign users out with a logout token. */
  readonly directory: SessionDirectory | undefined
  readonly protocol: Protocol
}

/** The facts about the application and the request that the handlers need. */
type Here = CallbackOptions &
  LogoutOptions &
  FrontChannelLogoutOptions &
  UserOptions &
  BackChannelLogoutOptions &
  DiagnosticsOptions

/**
 * A handler with its methods. All other methods are refused (RFC 9110 §15.5.6). Without methods, the handler decides.
 */
type Route = readonly [handle: (request: Request, here: Here) => Promise<Response>, ...methods: string[]]

export function createRoutes(options: RoutesOptions): Routes {
  const { routePrefix, postLogoutPath, signInErrorPath, basePath, sealFor, clock } = options
  const loginSeal = sealFor('login')
  const logoutSeal = sealFor('logout')
  const shared = {
    ...options,
    usedLogins: createUsedLogins(options.store, options.issuer),
    // Used only if there is one.
    directory: options.directory as SessionDirectory,
    all: options.backChannelLogout === 'all',
    revoke: options.revokeOnLogout,
    configuration: shownSettings(options),
    // The handlers write addresses for browsers, which see the base path.
    home: `${basePath}/`,
    routePrefix: basePath + routePrefix,
    postLogoutPath: basePath + postLogoutPath,
    signInErrorPath: signInErrorPath && basePath + signInErrorPath,
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
    const secure = hasSecureCookies(new URL(origin), options.issuer)
    const cookieName = nameOnWire(options.cookieName, secure)
    const sameSite = options.responseMode === 'form_post' ? 'None' : 'Lax'
    return {
      ...shared,
      session,
      start,
      current,
      origin,
      isHttps: origin.startsWith('https:'),
      cookies,
      query: url.searchParams,
      logins: createPendingLogins({
        seal: loginSeal,
        clock,
        cookies,
        cookieName,
        attributes: { secure, sameSite },
        maxCookieBytes: options.maxCookieBytes,
      }),
      returns: createTransactionCookies(logoutSeal, clock, cookies, { secure, sameSite: 'Lax' }),
      returnCookie: `${cookieName}.logout`,
    }
  }

  return (request, cookies, bound) => {
    const url = new URL(request.url)
    const paths = applicationPaths(url.pathname, basePath).map(({ path }) => path)
    const ours = paths.find((path) => path.startsWith(`${routePrefix}/`))
    const mayReturn = paths.includes(postLogoutPath) && url.search !== '' && request.method === 'GET'
    if (!mayReturn && ours === undefined) return undefined
    const here = hereOf(url, cookies, bound)
    const state = here.query.get('state')
    if (mayReturn && state !== null && cookies.has(here.returnCookie)) return () => receiveReturn(state, here)

    const route = ours !== undefined && routes[ours.slice(routePrefix.length)]
    if (!route) return undefined
    const [handle, ...methods] = route
    if (handle === diagnostics && !isLocal(url, here.origin)) return undefined
    if (methods.length > 0 && !methods.includes(request.method))
      return () => Promise.resolve(answer(405, { allow: methods.join(', ') }))
    return () => handle(request, here).catch(problemFor)
  }
}

/** Whether the requested host and the host in browsers are both on this machine. */
function isLocal(asked: URL, origin: string): boolean {
  return isLoopback(asked.hostname) && isLoopback(new URL(origin).hostname)
}
