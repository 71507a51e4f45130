import type { BrowserRequest } from '../handlers/routes/route-context.ts'
import { asReadOnly } from '../mechanisms/sessions/read-only-session.ts'
import type { CreateBrowserCookie, RequestCookies } from '../mechanisms/sessions/browser-cookie.ts'
import { createRequestSession, type RequestSession } from '../mechanisms/sessions/request-session.ts'
import type { SessionStrategy } from '../mechanisms/sessions/session-strategy.ts'
import type { KeepAlive, Runtime } from '../ports/runtime.ts'
import type { SessionHandle } from '../ports/session-handle.ts'
import { hasSecureCookies } from '../rules/browser/browser-address.ts'
import { cookieName } from '../rules/sessions/cookies.ts'
import { ConfigurationError, type EventListener } from '../vocabulary/index.ts'
import { type Application, bindSession, type BoundSession } from './bound-session.ts'
import { addressOf } from './application-address.ts'
import { invalid } from './checks.ts'

/** The cookie that carries a session, or its ID. */
export interface SessionCookieSettings {
  readonly cookieName: string
  readonly sameSite: 'Lax' | 'Strict'
  readonly maxCookieBytes: number
}

export interface RequestSessionsOptions {
  readonly application: Application
  readonly sessions: SessionStrategy
  readonly cookie: SessionCookieSettings
  readonly createCookie: CreateBrowserCookie
  readonly fitHeaders: Runtime['fitHeaders']
  /** Whether responses wait for background refreshes, because a restart of this process loses the store. */
  readonly waitForBackground: boolean
}

/**
 * Opens the sessions of requests. Opening reads neither a cookie nor the store: the first call that needs the session does. A
 * request for a static file thus costs nothing.
 */
export interface RequestSessions {
  open(request: Request, cookies: ReadonlyMap<string, string>, keepAlive: KeepAlive): BoundSession
  /** Opens a session whose response cannot set cookies. */
  openReadOnly(request: Request, cookies: ReadonlyMap<string, string>, keepAlive: KeepAlive): BoundSession
  /**
   * Opens a session without a request.
   *
   * @throws {ConfigurationError} If sessions are in cookies.
   */
  openById(id: string, keepAlive: KeepAlive): BoundSession
}

export function createRequestSessions(options: RequestSessionsOptions): RequestSessions {
  const { application, sessions, cookie, createCookie, fitHeaders, waitForBackground } = options
  const { clock, emit, lifetimes, grantCheck } = application
  const bind = (session: RequestSession, browser?: BrowserRequest) =>
    bindSession(session, application, fitHeaders, browser)

  const { origin, registration, insecureHosts } = application
  const touch = { idleTimeoutSeconds: lifetimes.idleTimeoutSeconds, isGrantAlive: grantCheck.isAlive }

  /** Returns the properties that the cookies have where browsers use this address. */
  function cookiesAt(address: URL): Required<Omit<RequestCookies, 'received'>> {
    const secure = hasSecureCookies(address, registration.issuer, insecureHosts)
    return {
      cookieName: cookieName(cookie.cookieName, secure),
      attributes: { secure, sameSite: cookie.sameSite },
      maxCookieBytes: cookie.maxCookieBytes,
    }
  }

  // With `baseUrl`, all requests have the same address.
  const atOrigin = origin === undefined ? undefined : cookiesAt(new URL(origin))

  function create(
    request: Request,
    received: ReadonlyMap<string, string>,
    keepAlive: KeepAlive,
  ): RequestSession {
    const properties = atOrigin ?? cookiesAt(addressOf(request, origin, insecureHosts))
    return createRequestSession({
      strategy: sessions,
      cookie: createCookie({ ...properties, received }, clock, emit),
      touch,
      clock,
      emit,
      keepAlive,
      waitForBackground,
    })
  }

  return {
    open: (request, cookies, keepAlive) => bind(create(request, cookies, keepAlive), { request, cookies }),
    openReadOnly: (request, cookies, keepAlive) =>
      bind(asReadOnly(create(request, cookies, keepAlive), sessions.trackBrowser !== undefined), {
        request,
        cookies,
      }),
    openById(id, keepAlive) {
      const handle = sessions.byKey(id)
      if (!handle) throw invalid('session', "must be 'server' for `sessionById`")
      return bind(createDetachedSession(handle, keepAlive, emit))
    },
  }
}

/** Creates a session without a browser. If the store fails, `end` rejects, because a cookie cannot be cleared. */
function createDetachedSession(
  handle: SessionHandle,
  keepAlive: KeepAlive,
  emit: EventListener,
): RequestSession {
  const found = Promise.resolve(handle)
  return {
    cookieName: undefined,
    find: () => found,
    hadSession: () => true,
    observe() {},
    start() {
      const message = 'A session cannot start here. Use `session(request)`.'
      emit({ type: 'programming_error', code: 'no_current_session' })
      throw new ConfigurationError('no_current_session', message)
    },
    adopt: () => Promise.resolve(),
    async end(reason, revoke) {
      const ended = await handle.end(reason, revoke)
      return { key: handle.key, carried: undefined, isConfirmed: true, ended: Promise.resolve(ended) }
    },
    beforeChange() {},
    finishRequest: () => Promise.resolve(),
    takeCookies: () => [],
    keepAlive,
  }
}
