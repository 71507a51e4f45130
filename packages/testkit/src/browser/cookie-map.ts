import { acceptCookie } from './accept-cookie.ts'

/** The cookies of one host by name, which a test can change. */
export interface CookieMap extends Map<string, string> {
  /** The `Cookie` header with all cookies, or an empty string. */
  header(): string
  /** Applies the `Set-Cookie` lines of a response, or the lines themselves. */
  keep(response: Pick<Response, 'headers'> | readonly string[]): void
}

/** Options of `createCookieMap`. */
export interface CookieMapOptions {
  /**
   * The URL that sets the cookies. Lines that a browser rejects from this URL are ignored.
   *
   * @default 'https://app.example.com'
   */
  readonly url?: string | URL
  /**
   * The first cookies.
   *
   * @default none
   */
  readonly cookies?: Iterable<readonly [string, string]>
}

/** `Max-Age=0` deletes a cookie at any time. All other lifetimes last longer than this. */
const NOW = 0

/**
 * Creates a map of cookies, for tests that change, copy or replay them.
 *
 * Unlike a browser, it keeps a cookie until a response deletes it. Use it to test that an application rejects old
 * cookies. `createCookieJar` follows all rules of a browser.
 *
 * @param options - The URL that sets the cookies, and the first cookies. By default, the map is empty.
 * @example
 * ```ts
 * import { createCookieMap } from '@evertoken/testkit'
 *
 * declare const app: (request: Request) => Promise<Response> // your application
 *
 * const cookies = createCookieMap()
 * cookies.keep(await app(new Request('https://app.example.com/start')))
 * cookies.set('session', 'a forged value')
 * const headers = { cookie: cookies.header() }
 * const response = await app(new Request('https://app.example.com/orders', { headers })) // 401
 * ```
 */
export function createCookieMap(options: CookieMapOptions = {}): CookieMap {
  const url = new URL(options.url ?? 'https://app.example.com')
  const cookies = new Map(options.cookies)
  return Object.assign(cookies, {
    header: () => [...cookies].map(([name, value]) => `${name}=${value}`).join('; '),
    keep(response: Pick<Response, 'headers'> | readonly string[]) {
      for (const line of 'headers' in response ? response.headers.getSetCookie() : response) {
        const cookie = acceptCookie(line, url, NOW)
        if (!cookie) continue
        if (cookie.expiresAt <= NOW) cookies.delete(cookie.name)
        else cookies.set(cookie.name, cookie.value)
      }
    },
  })
}

/**
 * Returns the `Cookie` header of a browser that has no other cookies than those of a response.
 *
 * @param response - The response, or its `Set-Cookie` lines.
 * @example
 *   const started = await auth.handle(new Request('https://app.example.com/'), () => new Response())
 *   const headers = { cookie: cookieHeaderOf(started) }
 */
export function cookieHeaderOf(response: Pick<Response, 'headers'> | readonly string[]): string {
  const cookies = createCookieMap()
  cookies.keep(response)
  return cookies.header()
}
