import type { Clock } from '../ports/clock.ts'
import { chunkCookie, clearCookie, type CookieAttributes, setCookie, staleChunks } from '../rules/cookies.ts'
import type { SessionRecord } from '../rules/session-record.ts'
import type { EventListener } from '../vocabulary/index.ts'
import { fingerprint } from './digest.ts'

/** Writes the `Set-Cookie` lines of one response. */
export interface CookieWriter {
  /** Returns the lines for a session. None, and an event, if the session is too large for a cookie. */
  keep(cookie: string, record: SessionRecord): string[]
  /** Returns the lines that remove the session from the browser. */
  clear(): string[]
}

export interface CookieWriterOptions {
  /** The cookies of the request. */
  readonly cookies: ReadonlyMap<string, string>
  readonly cookieName: string
  readonly attributes: CookieAttributes
  readonly clock: Clock
  readonly emit: EventListener
}

export function createCookieWriter(options: CookieWriterOptions): CookieWriter {
  const { cookies, cookieName, attributes, clock, emit } = options

  function clearAll(names: readonly string[]): string[] {
    return names.map((name) => clearCookie(name, attributes))
  }

  return {
    keep(cookie, { id, expiresAt }) {
      const chunks = chunkCookie(cookieName, cookie)
      if (!chunks) {
        emit({ type: 'cookie_too_large', session: fingerprint(id) })
        return []
      }
      const lifetime = { ...attributes, maxAge: Math.max(0, expiresAt - clock.now()) }
      return [
        ...chunks.map(([name, chunk]) => setCookie(name, chunk, lifetime)),
        ...clearAll(staleChunks(cookieName, cookies, chunks.length)),
      ]
    },
    clear() {
      const names = [cookieName, ...staleChunks(cookieName, cookies, 1)]
      return clearAll(names.filter((name) => cookies.has(name)))
    },
  }
}
