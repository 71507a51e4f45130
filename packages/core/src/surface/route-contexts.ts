import { createLogoutReturn } from '../handlers/routes/logout-return.ts'
import type { BrowserPaths, RouteContext } from '../handlers/routes/route-context.ts'
import { createPendingLogins } from '../mechanisms/sign-in/pending-logins.ts'
import { createTransactionCookies } from '../mechanisms/sign-in/transaction-cookies.ts'
import { hasSecureCookies } from '../rules/browser/browser-address.ts'
import { cookieName as nameOnWire } from '../rules/sessions/cookies.ts'
import type { BoundSession } from './bound-session.ts'
import type { EngineContext } from './engine-context.ts'
import type { Settings } from './options.ts'

/** Returns a function that creates the context of one request to a route. */
export function createRouteContexts(
  settings: Settings,
  context: Pick<EngineContext, 'registration' | 'sealFor' | 'clock'>,
  paths: BrowserPaths,
  registrationName?: string,
): (url: URL, cookies: ReadonlyMap<string, string>, bound: BoundSession) => RouteContext {
  const { clock } = context
  const { issuer, clientId } = context.registration
  // A code is redeemed only by the client that began the login.
  const owner = registrationName === undefined ? [issuer, clientId] : [issuer, clientId, registrationName]
  const loginSeal = context.sealFor(`login ${JSON.stringify(owner)}`)
  const logoutSeal = context.sealFor('logout')

  return (url, cookies, { session, start, current }) => {
    const origin = settings.origin ?? url.origin
    const secure = hasSecureCookies(new URL(origin), settings.issuer, settings.insecureHosts)
    const cookieName = nameOnWire(settings.cookieName, secure)
    const attributes = {
      secure,
      sameSite: settings.responseMode.startsWith('form_post') ? 'None' : 'Lax',
    } as const
    const notes = createTransactionCookies(logoutSeal, clock, cookies, { secure, sameSite: 'Lax' })
    return {
      query: url.searchParams,
      origin,
      session,
      logins: createPendingLogins({
        seal: loginSeal,
        clock,
        cookies,
        cookieName,
        attributes,
        maxCookieBytes: settings.maxCookieBytes,
      }),
      logoutReturn: createLogoutReturn({
        transactionCookies: notes,
        cookieName: `${cookieName}.logout`,
        cookies,
        origin,
        paths,
      }),
      start,
      current,
    }
  }
}
