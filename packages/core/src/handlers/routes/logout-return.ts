import { randomId } from '../../mechanisms/runtime/digest.ts'
import type { TransactionCookie, TransactionCookies } from '../../mechanisms/sign-in/transaction-cookies.ts'
import { safeReturnTo } from '../../rules/sign-in/return-to.ts'
import { redirect } from '../responses.ts'

/** Keeps the destination of one browser after a sign-out, in a cookie (RP-Initiated Logout §3). */
export interface LogoutReturn {
  /** Whether the request carries the cookie. */
  readonly isExpected: boolean
  /**
   * Resolves to the `state` to send and the `Set-Cookie` lines. Both are empty if the destination is the post-logout
   * path.
   */
  expect(returnTo: string): Promise<{ readonly state?: string; readonly cookies: string[] }>
  /** Redirects to the destination of the sign-out, or to the post-logout path if Evertoken did not issue `state`. */
  receive(state: string): Promise<Response>
  /** Returns the `Set-Cookie` line that removes the cookie. */
  clear(): string
}

export interface LogoutReturnOptions {
  readonly transactionCookies: TransactionCookies<TransactionCookie>
  readonly cookieName: string
  /** The cookies of the request. */
  readonly cookies: ReadonlyMap<string, string>
  readonly origin: string
  /** Paths of the application, as browsers see them. */
  readonly paths: { readonly home: string; readonly postLogoutPath: string }
}

export function createLogoutReturn(options: LogoutReturnOptions): LogoutReturn {
  const { transactionCookies, cookieName, cookies, origin, paths } = options
  return {
    isExpected: cookies.has(cookieName),
    async expect(returnTo) {
      if (returnTo === paths.postLogoutPath) return { cookies: [] }
      const state = randomId()
      return { state, cookies: [await transactionCookies.write(cookieName, { state, returnTo })] }
    },
    async receive(state) {
      const cookie = await transactionCookies.read(cookieName, state)
      const to = cookie ? safeReturnTo(cookie.returnTo, origin, paths.home) : paths.postLogoutPath
      return redirect(to, [transactionCookies.clear(cookieName)])
    },
    clear: () => transactionCookies.clear(cookieName),
  }
}
