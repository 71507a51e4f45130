import { setCookiesOf } from '../../rules/calls/headers.ts'
import { concernsCookie } from '../../rules/sessions/cookies.ts'

/** The limit is small, because a line is checked soon, when the response of one handler passes through another. */
const MAX_ISSUED = 256
/** The latest `Set-Cookie` lines of Evertoken. The newest line is the last one. */
const issued = new Set<string>()

/** Remembers the lines of a complete response. Its lines for Evertoken cookies were written by Evertoken. */
export function noteIssued(headers: Headers, cookieName: string): void {
  for (const line of setCookiesOf(headers)) if (concernsCookie(line, cookieName)) issued.add(line)
  for (const oldest of issued) {
    if (issued.size <= MAX_ISSUED) break
    issued.delete(oldest)
  }
}

/**
 * Removes headers that would set or clear an Evertoken cookie (S33), unless Evertoken wrote them.
 *
 * @param cookieName - The name of the session cookie. The names of all other Evertoken cookies begin with it.
 */
export function withoutForgedCookies(headers: Headers, cookieName: string): Headers {
  const lines = setCookiesOf(headers)
  const orders = headers.get('clear-site-data')
  const kept = lines.filter((line) => issued.has(line) || !concernsCookie(line, cookieName))
  if (kept.length === lines.length && orders === null) return headers
  const safe = new Headers(headers)
  safe.delete('set-cookie')
  for (const line of kept) safe.append('set-cookie', line)
  const harmless = orders?.split(',').filter((each) => !/cookies|\*/i.test(each)) ?? []
  if (harmless.length > 0) safe.set('clear-site-data', harmless.join(',').trim())
  else safe.delete('clear-site-data')
  return safe
}
