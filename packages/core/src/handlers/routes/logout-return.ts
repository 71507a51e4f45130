import { randomId } from '../../mechanisms/runtime/digest.ts'
import type { TransactionCookie, TransactionCookies } from '../../mechanisms/sign-in/transaction-cookies.ts'
import { safeReturnTo } from '../../rules/sign-in/return-to.ts'
import { redirect } from '../answer.ts'

/** A cookie keeps the destination of the browser after a sign-out (RP-Initiated Logout §3). */
export interface LogoutReturnOptions {
  readonly returns: TransactionCookies<TransactionCookie>
  /** The name of the cookie. */
  readonly returnCookie: string
  readonly origin: string
  /** The path of the application, with a slash at the end. */
  readonly home: string
  readonly postLogoutPath: string
}

/**
 * Resolves to the `state` to send and the `Set-Cookie` lines. Both are empty if the destination is the post-logout
 * path.
 */
export async function expectReturn(
  returnTo: string,
  { returns, returnCookie, postLogoutPath }: LogoutReturnOptions,
): Promise<{ readonly state?: string; readonly cookies: string[] }> {
  if (returnTo === postLogoutPath) return { cookies: [] }
  const state = randomId()
  return { state, cookies: [await returns.write(returnCookie, { state, returnTo })] }
}

/** Redirects to the destination of the sign-out, or to the post-logout path if Evertoken did not issue `state`. */
export async function receiveReturn(
  state: string,
  { returns, returnCookie, origin, home, postLogoutPath }: LogoutReturnOptions,
): Promise<Response> {
  const note = await returns.read(returnCookie, state)
  const to = note ? safeReturnTo(note.returnTo, origin, home) : postLogoutPath
  return redirect(to, [returns.clear(returnCookie)])
}
