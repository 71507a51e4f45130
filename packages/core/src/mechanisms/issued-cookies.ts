import { concernsCookie, setCookiesOf } from '../rules/cookies.ts'

/** A line is asked for again at once, when a response of one handler passes through another. */
const MAX_ISSUED = 256
/** The latest `Set-Cookie` lines of Evertoken, the newest last. */
const issued = new Set<string>()

/** Remembers the lines of a response that is complete: those about the cookies of Evertoken are its own. */
export function noteIssued(headers: Headers, cookieName: string): void {
  for (const line of setCookiesOf(headers)) if (concernsCookie(line, cookieName)) issued.add(line)
  for (const oldest of issued) {
    if (issued.size <= MAX_ISSUED) break
    issued.delete(oldest)
  }
}

/**
 * Returns the headers without what would set or clear a cookie of Evertoken (S33), unless Evertoken wrote it.
 *
 * @param cookieName - The name of the session cookie, with which all others begin.
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
