import type { Clock } from '@evertoken/core'
import { systemClock } from '../system-clock.ts'
import { parseSetCookie, type ParsedCookie, type SameSite } from './set-cookie.ts'
import { isIpAddress } from './sites.ts'

/** A cookie in the jar. */
export interface Cookie {
  /** The name of the cookie. */
  readonly name: string
  /** The value of the cookie. */
  readonly value: string
  /** The host that set it, or the value of `Domain`. */
  readonly domain: string
  /** Whether only that host receives it. */
  readonly hostOnly: boolean
  /** The path below which the browser sends the cookie. */
  readonly path: string
  /** Whether the browser sends the cookie only over https. */
  readonly secure: boolean
  /** Whether scripts of a page cannot read the cookie. */
  readonly httpOnly: boolean
  /** Which requests of other sites send the cookie. */
  readonly sameSite: SameSite
  /** Seconds since the epoch, or `Infinity` for a cookie that ends with the browser session. */
  readonly expiresAt: number
}

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

/** Browsers shorten longer lifetimes. */
const MAX_AGE_SECONDS = 400 * 86_400

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
      const parsed = parseSetCookie(setCookie)
      const cookie = parsed && toCookie(parsed, url, clock.now())
      if (!cookie || !canBeSetBy(cookie, context)) return
      if (url.protocol !== 'https:' && (cookie.secure || hidesSecureCookie(cookie))) return
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

/** @returns The cookie, or `undefined` if a browser rejects it. */
function toCookie(parsed: ParsedCookie, url: URL, now: number): Cookie | undefined {
  const { name, value, secure, httpOnly, sameSite } = parsed
  const host = url.hostname
  if (parsed.domain !== undefined && !domainMatches(host, parsed.domain)) return undefined
  if (sameSite === 'None' && !secure) return undefined
  if (!hasItsPrefix(parsed)) return undefined
  return {
    name,
    value,
    domain: parsed.domain ?? host,
    hostOnly: parsed.domain === undefined,
    path: parsed.path ?? defaultPath(url.pathname),
    secure,
    httpOnly,
    sameSite,
    expiresAt: expiryOf(parsed, now),
  }
}

/** RFC 6265bis section 4.1.3. A cookie without a name must not look like one with a prefix either. */
function hasItsPrefix({ name, value, secure, domain, path }: ParsedCookie): boolean {
  const prefixed = name === '' ? value : name
  const isHost = /^__host-/i.test(prefixed)
  if (!isHost && !/^__secure-/i.test(prefixed)) return true
  if (name === '' || !secure) return false
  return !isHost || (domain === undefined && path === '/')
}

function expiryOf({ maxAgeSeconds, expires }: ParsedCookie, now: number): number {
  const latest = now + MAX_AGE_SECONDS
  if (maxAgeSeconds !== undefined)
    return maxAgeSeconds <= 0 ? -Infinity : Math.min(now + maxAgeSeconds, latest)
  return expires === undefined ? Infinity : Math.min(expires, latest)
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

function domainMatches(host: string, domain: string): boolean {
  return host === domain || (host.endsWith(`.${domain}`) && !isIpAddress(host))
}

function pathMatches(path: string, cookiePath: string): boolean {
  if (!path.startsWith(cookiePath)) return false
  return path.length === cookiePath.length || cookiePath.endsWith('/') || path[cookiePath.length] === '/'
}

function defaultPath(pathname: string): string {
  return pathname.slice(0, Math.max(pathname.lastIndexOf('/'), 1))
}
