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

/** Browsers shorten longer lifetimes. */
const MAX_AGE_SECONDS = 400 * 86_400

/** @returns The cookie that a `Set-Cookie` line sets or deletes, or `undefined` if browsers reject it. */
export function acceptCookie(line: string, url: URL, now: number): Cookie | undefined {
  const parsed = parseSetCookie(line)
  if (!parsed) return undefined
  const { name, value, secure, httpOnly, sameSite } = parsed
  const host = url.hostname
  if (parsed.domain !== undefined && !domainMatches(host, parsed.domain)) return undefined
  if (secure ? url.protocol !== 'https:' : sameSite === 'None') return undefined
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

export function domainMatches(host: string, domain: string): boolean {
  return host === domain || (host.endsWith(`.${domain}`) && !isIpAddress(host))
}

function defaultPath(pathname: string): string {
  return pathname.slice(0, Math.max(pathname.lastIndexOf('/'), 1))
}
