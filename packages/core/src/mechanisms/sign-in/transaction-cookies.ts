import type { Clock } from '../../ports/clock.ts'
import { clearCookie, type CookieAttributes, setCookie } from '../../rules/sessions/cookies.ts'
import { sameText } from '../../rules/same-text.ts'
import type { Seal } from '../sessions/seal.ts'

/** Data that the browser returns from the authorization server, in addition to the `state` parameter. */
export interface TransactionCookie {
  readonly state: string
  /** The final destination of the browser. */
  readonly returnTo: string
}

/** Keeps data of a login or a logout in encrypted cookies, which are valid for 15 minutes. */
export interface TransactionCookies<T extends TransactionCookie> {
  /** Resolves to the `Set-Cookie` line. */
  write(name: string, data: T): Promise<string>
  /** Resolves to the data, or to `undefined` if the cookie is missing, has another state, or has expired. */
  read(name: string, state: string): Promise<T | undefined>
  /** Returns the `Set-Cookie` line that removes a cookie, so that it can be used only once. */
  clear(name: string): string
}

const TRANSACTION_SECONDS = 900

export function createTransactionCookies<T extends TransactionCookie>(
  seal: Seal,
  clock: Clock,
  cookies: ReadonlyMap<string, string>,
  attributes: CookieAttributes,
): TransactionCookies<T> {
  return {
    async write(name, data) {
      const sealed = await seal.seal({ ...data, expiresAt: clock.now() + TRANSACTION_SECONDS })
      return setCookie(name, sealed, { ...attributes, maxAge: TRANSACTION_SECONDS })
    },
    async read(name, state) {
      const opened = await seal.unseal(cookies.get(name) ?? '')
      if ('rejected' in opened) return undefined
      const data = opened.value as T & { readonly expiresAt: number }
      return sameText(data.state, state) && clock.now() < data.expiresAt ? data : undefined
    },
    clear: (name) => clearCookie(name, attributes),
  }
}
