import { jitterOf } from '../refresh/freshness.ts'
import { cookieBytes } from './cookie-budget.ts'

/** The maximum length of name and value. Some browsers include the attributes in their limit of 4096 bytes. */
export const MAX_COOKIE_LENGTH = 3900
/** With more chunks, the `Cookie` header would exceed the 16 KiB that Node accepts for all headers. */
export const MAX_CHUNKS = 4

export interface CookieAttributes {
  /** Seconds, rounded down. Without it, the cookie ends with the browser session. */
  readonly maxAge?: number
  /** `None` is for a login whose response is a POST from the authorization server. */
  readonly sameSite: 'Lax' | 'Strict' | 'None'
  readonly secure: boolean
}

/** Parses a `Cookie` header. If several cookies have the same name, the first one wins. Malformed data is skipped. */
export function parseCookies(header: string | null): Map<string, string> {
  const cookies = new Map<string, string>()
  for (const pair of (header ?? '').split(';')) {
    const equals = pair.indexOf('=')
    const name = trim(pair.slice(0, equals))
    if (equals !== -1 && !cookies.has(name)) cookies.set(name, unquote(trim(pair.slice(equals + 1))))
  }
  return cookies
}

export function setCookie(name: string, value: string, attributes: CookieAttributes): string {
  const { maxAge, sameSite, secure } = attributes
  const age = maxAge === undefined ? '' : `; Max-Age=${Math.floor(maxAge)}`
  return `${name}=${value}; Path=/; HttpOnly; SameSite=${sameSite}${secure ? '; Secure' : ''}${age}`
}

export function clearCookie(name: string, attributes: CookieAttributes): string {
  return setCookie(name, '', { ...attributes, maxAge: 0 })
}

/**
 * Decides whether a `Set-Cookie` line is about the cookie, or about one whose name begins with it and a dot. A browser sends
 * the value of a cookie without a name as if it were a name and a value.
 */
export function concernsCookie(line: string, cookie: string): boolean {
  const name = /^[\s=]*([^\s=;]*)/.exec(line)?.[1] ?? ''
  return name === cookie || name.startsWith(`${cookie}.`)
}

/**
 * Returns the name of a cookie. Browsers that know the prefix `__Host-Http-` accept such a cookie only from a response, with
 * `HttpOnly`. All others see the prefix `__Host-` in it. Both need `Secure`, which a development server on http cannot offer.
 */
export function cookieName(base: string, secure: boolean): string {
  return secure ? `__Host-Http-${base}` : base
}

/**
 * Returns a name that differs for each client. Browsers send a cookie to all ports of a host. Without different names,
 * two applications on `localhost` would overwrite each other's sessions.
 */
export function defaultCookieName(issuer: string, clientId: string): string {
  return `evertoken-${shortHash(`${issuer} ${clientId}`)}`
}

/** Returns a name that differs for each registration of an application. */
export function cookieNameFor(base: string, registrationName: string): string {
  return `${base}-${shortHash(registrationName)}`
}

/** A chance collision of these 32 bits is unlikely, and they protect nothing. */
function shortHash(text: string): string {
  return (jitterOf(text) * 0x1_0000_0000).toString(36)
}

/**
 * Splits an ASCII value over as few cookies as possible. `name` starts with `~<count>~`, and `name.1`, `name.2` … hold
 * the rest. Returns `undefined` if the value exceeds `MAX_CHUNKS`, or `maxBytes` of a `Cookie` header.
 */
export function chunkCookie(
  name: string,
  value: string,
  maxBytes: number = Infinity,
): [name: string, value: string][] | undefined {
  const chunks = chunksOf(name, value)
  const bytes = chunks?.reduce((sum, [chunk, part]) => sum + cookieBytes(chunk, part), 0) ?? 0
  return bytes <= maxBytes ? chunks : undefined
}

function chunksOf(name: string, value: string): [name: string, value: string][] | undefined {
  if (name.length + value.length <= MAX_COOKIE_LENGTH && !value.startsWith('~')) return [[name, value]]
  const room = MAX_COOKIE_LENGTH - name.length - '~4~'.length
  if (value.length > room * MAX_CHUNKS) return undefined
  const count = Math.ceil(value.length / room)
  return chunkNames(name, count).map((chunk, i) => {
    const part = value.slice(i * room, (i + 1) * room)
    return [chunk, i === 0 ? `~${count}~${part}` : part]
  })
}

/**
 * Joins the chunks of a cookie. Returns `undefined` if the cookie is missing.
 *
 * It does not detect chunks of different values. The value is encrypted as a whole, so a mixed or reordered set cannot
 * be decrypted.
 */
export function joinCookie(
  name: string,
  cookies: ReadonlyMap<string, string>,
): { readonly value: string } | 'incomplete' | undefined {
  const first = cookies.get(name)
  if (first === undefined) return undefined
  if (!first.startsWith('~')) return { value: first }
  const count = Number(/^~([1-4])~/.exec(first)?.[1] ?? 0)
  const parts = chunkNames(name, count).map((chunk) => cookies.get(chunk))
  if (count === 0 || parts.includes(undefined)) return 'incomplete'
  return { value: parts.join('').slice('~4~'.length) }
}

/** Returns the names of chunks of an earlier, longer value, without `name` and without the first `keep` chunks. */
export function staleChunks(name: string, cookies: ReadonlyMap<string, string>, keep: number): string[] {
  return chunkNames(name, MAX_CHUNKS)
    .slice(Math.max(keep, 1))
    .filter((chunk) => cookies.has(chunk))
}

function chunkNames(name: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => (i === 0 ? name : `${name}.${i}`))
}

/** Trims the whitespace of RFC 6265. `trim()` would accept `\u00a0__Host-a` as `__Host-a`. */
function trim(text: string): string {
  let start = 0
  let end = text.length
  while (isBlank(text[start])) start++
  while (end > start && isBlank(text[end - 1])) end--
  return text.slice(start, end)
}

function isBlank(character: string | undefined): boolean {
  return character === ' ' || character === '\t'
}

function unquote(value: string): string {
  return value.length > 1 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value
}
