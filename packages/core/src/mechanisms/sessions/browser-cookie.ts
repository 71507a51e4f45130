import type { SessionRecord } from '../../model/session-record.ts'
import type { Clock } from '../../ports/clock.ts'
import { clearCookie, type CookieAttributes, setCookie } from '../../rules/sessions/cookies.ts'
import { ConfigurationError, type EventListener } from '../../vocabulary/index.ts'

/** The session cookie of one request, and the `Set-Cookie` lines of its response. */
export interface BrowserCookie {
  readonly name: string
  /** Returns the value that the request has sent, or `undefined` if it has sent none. */
  read(): { readonly value: string } | 'incomplete' | undefined
  /** @throws {ConfigurationError} If a new session is too large for browser cookies, now or after a refresh. */
  check(value: string): void
  /** Returns the lines for a session. If it is too large for a cookie, returns no lines and emits an event. */
  keep(value: string, record: SessionRecord): string[]
  /** Returns the lines that remove the session from the browser. */
  clear(): string[]
}

/** The cookies of one request, and how its response sets them. */
export interface RequestCookies {
  readonly received: ReadonlyMap<string, string>
  readonly cookieName: string
  readonly attributes: CookieAttributes
  /** The budget for all cookies of Evertoken together, in bytes of a `Cookie` header. By default, there is no limit. */
  readonly maxCookieBytes?: number
}

export type CreateBrowserCookie = (
  cookies: RequestCookies,
  clock: Clock,
  emit: EventListener,
) => BrowserCookie

/** Creates a cookie whose value always fits: the ID of a session, where Evertoken sets no other cookies. */
export function createShortCookie(
  { received, cookieName: name, attributes }: RequestCookies,
  clock: Clock,
): BrowserCookie {
  return {
    name,
    read() {
      const value = received.get(name)
      return value === undefined ? undefined : { value }
    },
    check() {},
    keep: (value, record) => [setCookie(name, value, withLifetime(attributes, record, clock))],
    clear: () => (received.has(name) ? [clearCookie(name, attributes)] : []),
  }
}

/** Returns the attributes of a cookie that ends with its session. */
export function withLifetime(
  attributes: CookieAttributes,
  { expiresAt }: SessionRecord,
  clock: Clock,
): CookieAttributes {
  return { ...attributes, maxAge: Math.max(0, expiresAt - clock.now()) }
}

/** @param isOnlyForCookies - Whether a server session can do this at any time. */
export function headersAlreadySent(what: string, isOnlyForCookies = false): ConfigurationError {
  const remedy = isOnlyForCookies ? " Or set `session: 'server'`." : ''
  const message = `Cannot ${what} after the response headers are sent. Do it before you return the response.${remedy}`
  return new ConfigurationError('headers_already_sent', message)
}
