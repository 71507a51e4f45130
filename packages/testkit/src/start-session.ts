import type { ExplicitSession, UserClaims } from '@evertoken/core'
import type { Browser, BrowserOptions } from './browser/api.ts'
import { createBrowser } from './browser.ts'

/** The part of `evertoken()` that `signIn` uses. */
export interface SessionStarter {
  /** Returns the session of a request. */
  session(request: Request): Pick<ExplicitSession, 'startSession' | 'getSession' | 'commit'>
}

/** A browser whose user is signed in. */
export interface TestBrowser extends Browser {
  /** The ID of the session, for `auth.sessionById`. */
  readonly sessionId: string
}

type TokenResponse = Parameters<ExplicitSession['startSession']>[0]

/** Starts a session from a token response, and returns a browser that has its cookie. */
export async function startSession(
  auth: SessionStarter,
  tokenResponse: TokenResponse,
  claims: UserClaims,
  options: BrowserOptions,
): Promise<TestBrowser> {
  const browser = createBrowser(options)
  const session = auth.session(browser.request('/'))
  await session.startSession(tokenResponse, { claims })
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
