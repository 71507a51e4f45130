import { REFRESH_BYTES } from '../../model/stored-tokens.ts'
import type { Clock } from '../../ports/clock.ts'
import {
  cookieBytes,
  MIN_PENDING_LOGINS,
  sessionRoom,
  surplusLogins,
} from '../../rules/sessions/cookie-budget.ts'
import {
  chunkCookie,
  clearCookie,
  type CookieAttributes,
  setCookie,
  staleChunks,
} from '../../rules/sessions/cookies.ts'
import type { SessionRecord } from '../../model/session-record.ts'
import { ConfigurationError, type EventListener } from '../../vocabulary/index.ts'
import { fingerprint } from '../runtime/digest.ts'

/** Writes the `Set-Cookie` lines of one response. */
export interface CookieWriter {
  /** @throws {ConfigurationError} If a new session is too large for browser cookies, now or after a refresh. */
  check(cookie: string): void
  /** Returns the lines for a session. If it is too large for a cookie, returns no lines and emits an event. */
  keep(cookie: string, record: SessionRecord): string[]
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

/** The text that a refresh can add to a cookie. Encryption makes the record a third longer. */
const GROWTH = 'x'.repeat((REFRESH_BYTES * 4) / 3)

export function createCookieWriter(
  { received, cookieName, attributes, maxCookieBytes = Infinity }: RequestCookies,
  clock: Clock,
  emit: EventListener,
): CookieWriter {
  function clearAll(names: readonly string[]): string[] {
    return names.map((name) => clearCookie(name, attributes))
  }

  const room = sessionRoom(cookieName, maxCookieBytes)

  return {
    check(cookie) {
      if (!chunkCookie(cookieName, cookie + GROWTH, room)) throw tooLarge()
    },
    keep(cookie, { id, expiresAt }) {
      const chunks = chunkCookie(cookieName, cookie, room)
      if (!chunks) {
        emit({ type: 'cookie_too_large', session: fingerprint(id) })
        return []
      }
      const added = chunks.reduce((sum, [name, chunk]) => sum + cookieBytes(name, chunk), 0)
      const surplus = surplusLogins(received, cookieName, maxCookieBytes, added, MIN_PENDING_LOGINS)
      const lifetime = { ...attributes, maxAge: Math.max(0, expiresAt - clock.now()) }
      return [
        ...chunks.map(([name, chunk]) => setCookie(name, chunk, lifetime)),
        ...clearAll(staleChunks(cookieName, received, chunks.length)),
        ...clearAll(surplus),
      ]
    },
    clear() {
      const names = [cookieName, ...staleChunks(cookieName, received, 1)]
      return clearAll(names.filter((name) => received.has(name)))
    },
  }
}

function tooLarge(): ConfigurationError {
  const message =
    "The session does not fit into `maxCookieBytes` of cookies. Use `session: 'server'`, or keep fewer claims in `onSignIn`."
  return new ConfigurationError('session_too_large', message)
}

/** @param isOnlyForCookies - Whether a server session can do this at any time. */
export function headersAlreadySent(what: string, isOnlyForCookies = false): ConfigurationError {
  const remedy = isOnlyForCookies ? " Or set `session: 'server'`." : ''
  const message = `Cannot ${what} after the response headers are sent. Do it before you return the response.${remedy}`
  return new ConfigurationError('headers_already_sent', message)
}
