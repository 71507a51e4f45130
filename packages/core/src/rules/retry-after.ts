/** Whoever asks for more, a year say, is asked again after this many seconds. */
export const MAX_RETRY_AFTER_SECONDS = 300

const HTTP_DATE = /^[A-Z][a-z]{2,8},? .*\d\d:\d\d:\d\d (?:\d{4}|GMT)$/

/**
 * Reads `Retry-After` (RFC 9110 §10.2.3): delta-seconds or any of the three date formats.
 *
 * Returns whole seconds from `now` (seconds since the epoch), 0 for a date gone by, `undefined` for garbage.
 */
export function retryAfterSeconds(header: string | null, now: number): number | undefined {
  if (header === null) return undefined
  const seconds = /^\d+$/.test(header) ? Number(header) : Math.ceil(parseDate(header) - now)
  return Number.isNaN(seconds) ? undefined : Math.min(Math.max(seconds, 0), MAX_RETRY_AFTER_SECONDS)
}

/** The asctime format names no zone: without GMT it would be read as local time. */
function parseDate(text: string): number {
  if (!HTTP_DATE.test(text)) return Number.NaN
  return Date.parse(text.endsWith('GMT') ? text : `${text} GMT`) / 1000
}
