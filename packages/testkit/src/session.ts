/**
 * Starts sessions for tests, without a login page.
 *
 * @module
 */
import type { ExplicitSession, UserClaims } from '@evertoken/core'
import type { Browser, BrowserOptions } from './browser/api.ts'
import { createBrowser } from './browser.ts'

/** The part of `evertoken()` that `signIn` uses. */
export interface SessionStarter {
  /** Returns the session of a request. */
  session(request: Request): Pick<ExplicitSession, 'startSession' | 'getSession' | 'commit'>
}

/** The user of a test, and the token response of the sign-in. */
export interface TestUser {
  /** The claims of the user. */
  readonly claims: UserClaims
  /**
   * The access token.
   *
   * @default 'access-token-for-tests'
   */
  readonly accessToken?: string
  /**
   * Lifetime of the access token, in seconds.
   *
   * @default 3600
   */
  readonly expiresInSeconds?: number
  /**
   * The refresh token.
   *
   * @default none, so that the session ends with the access token
   */
  readonly refreshToken?: string
  /**
   * The granted scope, separated by spaces.
   *
   * @default none
   */
  readonly scope?: string
}

/** A browser whose user is signed in. */
export interface TestBrowser extends Browser {
  /** The ID of the session, for `auth.sessionById`. */
  readonly sessionId: string
}

/**
 * Starts a session for a user, and returns a browser that has its cookie. No authorization server is involved.
 *
 * To run the whole login, use `signIn` of `createBrowser`.
 *
 * @param auth - The object that `evertoken()` returns.
 * @param user - The claims of the user, and optionally the tokens.
 * @param options - The browser. Set `baseUrl` if the application is not at `https://app.example.com`.
 * @throws {Error} If Evertoken cannot start the session, or if the browser rejects its cookie.
 * @example
 * ```ts
 * import type { Evertoken } from '@evertoken/core'
 * import { signIn } from '@evertoken/testkit/session'
 *
 * declare const auth: Evertoken // your `evertoken(…)`
 * declare const app: (request: Request) => Promise<Response> // your `auth.handler(…)`
 *
 * const alice = await signIn(auth, { claims: { sub: 'alice' }, accessToken: 'token-of-alice' })
 * const response = await alice.fetch(app, '/orders')
 * ```
 */
export async function signIn(
  auth: SessionStarter,
  user: TestUser,
  options: BrowserOptions = {},
): Promise<TestBrowser> {
  const {
    claims,
    accessToken = 'access-token-for-tests',
    expiresInSeconds = 3600,
    refreshToken,
    scope,
  } = user
  const browser = createBrowser(options)
  const session = auth.session(browser.request('/'))
  const tokens = { access_token: accessToken, token_type: 'Bearer', expires_in: expiresInSeconds }
  await session.startSession(
    {
      ...tokens,
      ...(refreshToken !== undefined && { refresh_token: refreshToken }),
      ...(scope !== undefined && { scope }),
    },
    { claims },
  )
  const sessionId = (await session.getSession())?.id
  await browser.fetch(() => session.commit(new Response()), '/')
  if (sessionId === undefined || browser.cookie === '') {
    throw new Error(
      'The browser rejected the session cookie. Pass the `baseUrl` of the application as an option.',
    )
  }
  return withSessionId(browser, sessionId)
}

/** Keeps the getter of `cookie`, which a copy by spread would replace with its current value. */
function withSessionId(browser: Browser, sessionId: string): TestBrowser {
  return Object.defineProperties({ sessionId } as TestBrowser, Object.getOwnPropertyDescriptors(browser))
}
