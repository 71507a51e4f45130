import type { Clock } from '@evertoken/core'
import { systemClock } from '../system-clock.ts'
import { acceptCookie, type Cookie, domainMatches } from './accept-cookie.ts'

/** The cookies of a jar at one moment. */
export interface CookieSnapshot {
  /** The cookies, oldest first. */
  readonly cookies: readonly Cookie[]
}

/** The part of a request that decides about `SameSite`. */
export interface CookieContext {
  /**
   * Whether a page of another site causes the request.
   *
   * @default false
   */
  readonly crossSite?: boolean
  /**
   * Whether the browser shows the response as the page of the tab.
   *
   * @default false
   */
  readonly topLevelNavigation?: boolean
  /**
   * The HTTP method.
   *
   * @default 'GET'
   */
  readonly method?: string
}

/** Cookies as a browser keeps and sends them (RFC 6265bis). */
export interface CookieJar {
  /** Applies one `Set-Cookie` line of a response from that URL. Browsers ignore invalid lines. */
  store(setCookie: string, url: string | URL, context?: CookieContext): void
  /** The `Cookie` header of a request to that URL, or an empty string. */
  header(url: string | URL, context?: CookieContext): string
  /** Cookies that have not expired, oldest first. */
  cookies(): readonly Cookie[]
  /** The value of a cookie, or `undefined`. */
  get(name: string): string | undefined
  /** Copies all cookies that have not expired, for `restore`. */
  snapshot(): CookieSnapshot
  /** Replaces all cookies. */
  restore(snapshot: CookieSnapshot): void
}

/** Options of `createCookieJar`. */
export interface CookieJarOptions {
  /**
   * The clock that decides which cookies have expired.
   *
   * @default the clock of the machine
   */
  readonly clock?: Pick<Clock, 'now'>
}

/**
 * Creates a cookie jar that keeps and sends cookies as a browser does.
 *
 * @param options - The clock that decides which cookies have expired. By default, the clock of the machine.
 * @example
 *   const jar = createCookieJar()
 *   jar.store('theme=dark; Path=/', 'https://app.example.com/')
 *   const header = jar.header('https://app.example.com/orders') // 'theme=dark'
 * @see {@link https://www.rfc-editor.org/rfc/rfc6265#section-5 RFC 6265, section 5: User Agent Requirements}
 */
export function createCookieJar({ clock = systemClock }: CookieJarOptions = {}): CookieJar {
  /** A replaced cookie keeps its place, which decides about the order in the header. */
  let held = new Map<string, Cookie>()

  const cookies = () => [...held.values()].filter(({ expiresAt }) => expiresAt > clock.now())

  /** A page on http must not replace a cookie that https has set. */
  function hidesSecureCookie(cookie: Cookie): boolean {
    return cookies().some(
      (other) =>
        other.secure &&
        other.name === cookie.name &&
        (domainMatches(other.domain, cookie.domain) || domainMatches(cookie.domain, other.domain)) &&
        pathMatches(cookie.path, other.path),
    )
  }

  return {
    store(setCookie, from, context = {}) {
      const url = new URL(from)
      const cookie = acceptCookie(setCookie, url, clock.now())
      if (!cookie || !canBeSetBy(cookie, context)) return
      if (url.protocol !== 'https:' && hidesSecureCookie(cookie)) return
      const key = JSON.stringify([cookie.name, cookie.domain, cookie.hostOnly, cookie.path])
      if (cookie.expiresAt <= clock.now()) held.delete(key)
      else held.set(key, cookie)
    },
    header(to, context = {}) {
      const url = new URL(to)
      return cookies()
        .filter((cookie) => isFor(cookie, url) && isSentBy(cookie, context))
        .toSorted((a, b) => b.path.length - a.path.length)
        .map(({ name, value }) => (name === '' ? value : `${name}=${value}`))
        .join('; ')
    },
    cookies,
    get: (name) => cookies().find((cookie) => cookie.name === name)?.value,
    snapshot: () => ({ cookies: cookies() }),
    restore(snapshot) {
      held = new Map(
        snapshot.cookies.map((cookie) => [
          JSON.stringify([cookie.name, cookie.domain, cookie.hostOnly, cookie.path]),
          cookie,
        ]),
      )
    },
  }
}

function isFor({ domain, hostOnly, path, secure }: Cookie, { protocol, hostname, pathname }: URL): boolean {
  if (secure && protocol !== 'https:') return false
  if (hostOnly ? hostname !== domain : !domainMatches(hostname, domain)) return false
  return pathMatches(pathname, path)
}

/** A navigation by POST from another site sends no `Lax` cookie, but its response can set one. */
function canBeSetBy({ sameSite }: Cookie, { crossSite, topLevelNavigation }: CookieContext): boolean {
  return !crossSite || sameSite === 'None' || topLevelNavigation === true
}

function isSentBy(
  { sameSite }: Cookie,
  { crossSite, topLevelNavigation, method = 'GET' }: CookieContext,
): boolean {
  if (!crossSite || sameSite === 'None') return true
  const isSafe = method === 'GET' || method === 'HEAD'
  return sameSite === 'Lax' && topLevelNavigation === true && isSafe
}

function pathMatches(path: string, cookiePath: string): boolean {
  if (!path.startsWith(cookiePath)) return false
  return path.length === cookiePath.length || cookiePath.endsWith('/') || path[cookiePath.length] === '/'
}
