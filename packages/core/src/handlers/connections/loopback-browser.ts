import { randomId } from '../../mechanisms/runtime/digest.ts'
import { sameText } from '../../rules/same-text.ts'
import { parseCookies } from '../../rules/sessions/cookies.ts'
import { redirect } from '../responses.ts'

/** The browser that has opened the link of an attempt on loopback. No other browser can finish the attempt. */
export interface LoopbackBrowser {
  /** The link for the user. It contains nothing of the authorization request. */
  readonly url: string
  /** Whether a request opens the link. */
  isStart(pathname: string): boolean
  /**
   * Sends the browser to the authorization server. A browser that opens the link again goes there again.
   *
   * @returns `undefined` if another browser has opened the link before.
   */
  start(request: Request, authorizationUrl: string): Response | undefined
  /** Whether a request comes from the browser that has opened the link. */
  isFrom(request: Request): boolean
  /** Returns the `Set-Cookie` line that removes the cookie of the attempt. */
  clear(): string
}

/**
 * Creates the link of an attempt, which only one browser can use.
 *
 * @param redirectUri - The link is below its path, so that the browser sends the cookie to both, and to no other path.
 * @param maxAgeSeconds - How long the browser keeps the cookie.
 */
export function createLoopbackBrowser(redirectUri: string, maxAgeSeconds: number): LoopbackBrowser {
  const { origin, pathname } = new URL(redirectUri)
  const startPath = `${pathname.replace(/\/$/, '')}/${randomId()}`
  // Browsers send a cookie to all ports of a host, so another attempt must not have the same name.
  const [name, secret] = [`evertoken-${randomId().slice(0, 12)}`, randomId()]
  // A semicolon would end the attribute.
  const path = pathname.includes(';') ? '/' : pathname
  const line = (value: string, maxAge: number) =>
    `${name}=${value}; Path=${path}; HttpOnly; SameSite=Lax; Max-Age=${Math.ceil(maxAge)}`
  const isFrom = ({ headers }: Request) =>
    sameText(parseCookies(headers.get('cookie')).get(name) ?? '', secret)
  let isOpened = false
  return {
    url: origin + startPath,
    isStart: (requested) => sameText(requested, startPath),
    start(request, authorizationUrl) {
      if (isOpened && !isFrom(request)) return undefined
      isOpened = true
      const response = redirect(authorizationUrl, [line(secret, maxAgeSeconds)], 302)
      response.headers.set('referrer-policy', 'no-referrer')
      return response
    },
    isFrom,
    clear: () => line('', 0),
  }
}
