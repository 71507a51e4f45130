/**
 * Starts sessions for tests, without a login page.
 *
 * @module
 */
import type { UserClaims } from '@evertoken/core'
import type { BrowserOptions } from './browser/api.ts'
import { type SessionStarter, startSession, type TestBrowser } from './start-session.ts'

export type { SessionStarter, TestBrowser }

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
  const tokens = { access_token: accessToken, token_type: 'Bearer', expires_in: expiresInSeconds }
  return startSession(
    auth,
    {
      ...tokens,
      ...(refreshToken !== undefined && { refresh_token: refreshToken }),
      ...(scope !== undefined && { scope }),
    },
    claims,
    options,
  )
}
