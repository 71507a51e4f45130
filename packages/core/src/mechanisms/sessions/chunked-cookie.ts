import { REFRESH_BYTES } from '../../model/stored-tokens.ts'
import type { Clock } from '../../ports/clock.ts'
import {
  cookieBytes,
  MIN_PENDING_LOGINS,
  sessionRoom,
  surplusLogins,
} from '../../rules/sessions/cookie-budget.ts'
import { chunkCookie, clearCookie, joinCookie, setCookie, staleChunks } from '../../rules/sessions/cookies.ts'
import { ConfigurationError, type EventListener } from '../../vocabulary/index.ts'
import { fingerprint } from '../runtime/digest.ts'
import { type BrowserCookie, type RequestCookies, withLifetime } from './browser-cookie.ts'

/** The text that a refresh can add to a cookie. Encryption makes the record a third longer. */
const GROWTH = 'x'.repeat((REFRESH_BYTES * 4) / 3)

/** Creates a cookie whose value can be a whole session, in several chunks. It leaves room for pending logins. */
export function createChunkedCookie(
  { received, cookieName: name, attributes, maxCookieBytes = Infinity }: RequestCookies,
  clock: Clock,
  emit: EventListener,
): BrowserCookie {
  const room = sessionRoom(name, maxCookieBytes)
  const clearAll = (names: readonly string[]) => names.map((each) => clearCookie(each, attributes))

  return {
    name,
    read: () => joinCookie(name, received),
    check(value) {
      if (!chunkCookie(name, value + GROWTH, room)) throw tooLarge()
    },
    keep(value, record) {
      const chunks = chunkCookie(name, value, room)
      if (!chunks) {
        emit({ type: 'cookie_too_large', session: fingerprint(record.id) })
        return []
      }
      const added = chunks.reduce((sum, [chunk, part]) => sum + cookieBytes(chunk, part), 0)
      const surplus = surplusLogins(received, name, maxCookieBytes, added, MIN_PENDING_LOGINS)
      const lifetime = withLifetime(attributes, record, clock)
      return [
        ...chunks.map(([chunk, part]) => setCookie(chunk, part, lifetime)),
        ...clearAll(staleChunks(name, received, chunks.length)),
        ...clearAll(surplus),
      ]
    },
    clear() {
      const names = [name, ...staleChunks(name, received, 1)]
      return clearAll(names.filter((each) => received.has(each)))
    },
  }
}

function tooLarge(): ConfigurationError {
  const message =
    "The session exceeds `maxCookieBytes`. Use `session: 'server'`, or keep fewer claims in `onSignIn`."
  return new ConfigurationError('session_too_large', message)
}
