import { randomId } from '../mechanisms/digest.ts'
import type { Seal } from '../mechanisms/seal.ts'
import type { Clock } from '../ports/clock.ts'
import { clearCookie, setCookie } from '../rules/cookies.ts'
import { safeReturnTo } from '../rules/return-to.ts'
import { sameText } from '../rules/same-text.ts'
import { redirect } from './redirect.ts'

/** Remembers, in a cookie, where a browser goes when it comes back from signing out (RP-Initiated Logout §3). */
export interface LogoutReturns {
  /** Resolves to `undefined` when it will be there already. */
  expect(returnTo: string): Promise<{ readonly state: string; readonly cookie: string } | undefined>
  /** Whether a request for the post-logout path is such a return; if not, it is the application's. */
  isReturn(query: URLSearchParams): boolean
  /** Goes on to where the browser wanted to go, or to the post-logout path itself when `state` is not ours. */
  receive(query: URLSearchParams): Promise<Response>
}

export interface LogoutReturnsOptions {
  readonly seal: Seal
  readonly clock: Clock
  readonly origin: string
  readonly secure: boolean
  /** Of the session; the cookie here has `.logout` behind it. */
  readonly cookieName: string
  readonly cookies: ReadonlyMap<string, string>
  readonly postLogoutPath: string
}

interface Expected {
  readonly state: string
  readonly returnTo: string
  readonly expiresAt: number
}

const RETURN_SECONDS = 900

export function createLogoutReturns(options: LogoutReturnsOptions): LogoutReturns {
  const { seal, clock, origin, secure, cookies, postLogoutPath } = options
  const name = `${options.cookieName}.logout`
  const attributes = { secure, sameSite: 'Lax' } as const

  async function expected(state: string): Promise<Expected | undefined> {
    const opened = await seal.unseal(cookies.get(name) ?? '')
    if ('rejected' in opened) return undefined
    const kept = opened.value as Expected
    return sameText(kept.state, state) && clock.now() < kept.expiresAt ? kept : undefined
  }

  return {
    isReturn: (query) => query.has('state') && cookies.has(name),
    async expect(returnTo) {
      if (returnTo === postLogoutPath) return undefined
      const state = randomId()
      const kept: Expected = { state, returnTo, expiresAt: clock.now() + RETURN_SECONDS }
      const cookie = setCookie(name, await seal.seal(kept), { ...attributes, maxAge: RETURN_SECONDS })
      return { state, cookie }
    },
    async receive(query) {
      const kept = await expected(query.get('state') ?? '')
      const to = kept ? safeReturnTo(kept.returnTo, origin) : postLogoutPath
      return redirect(to, [clearCookie(name, attributes)])
    },
  }
}
