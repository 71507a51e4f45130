import type { TimeHeader } from '../../vocabulary/index.ts'

/** A server that asks for more, a year for example, is asked again after this many seconds. */
export const MAX_RETRY_AFTER_SECONDS = 300

/**
 * Parses `Retry-After` (RFC 9110 §10.2.3): seconds, or any of the three date formats.
 *
 * @returns Whole seconds from `now` (seconds since the epoch), 0 for a date in the past, `undefined` for malformed data.
 */
export function retryAfterSeconds(header: string | null, now: number): number | undefined {
  const seconds = header === null ? undefined : parse(header, now)
  return seconds === undefined ? undefined : Math.min(Math.max(seconds, 0), MAX_RETRY_AFTER_SECONDS)
}

/** Whether the value can be used. A date in the past by a few minutes comes from clocks that differ. */
export function isCredibleRetryAfter(header: string, now: number): boolean {
  return Math.abs(parse(header, now) ?? Infinity) <= MAX_RETRY_AFTER_SECONDS
}

function parse(header: string, now: number): number | undefined {
  const date = parseHttpDate(header)
  if (date !== undefined) return Math.ceil(date - now)
  return /^\d+$/.test(header) ? Number(header) : undefined
}

const HTTP_DATE = /^[A-Z][a-z]{2,8},? .*\d\d:\d\d:\d\d (?:\d{4}|GMT)$/

/** Parses the three date formats of RFC 9110 §5.6.7. Returns seconds since the epoch. */
export function parseHttpDate(text: string): number | undefined {
  if (!HTTP_DATE.test(text)) return undefined
  // The asctime format has no time zone. Without GMT, it would be read as local time.
  const seconds = Date.parse(text.endsWith('GMT') ? text : `${text} GMT`) / 1000
  return Number.isNaN(seconds) ? undefined : seconds
}

/** Seconds, at most 115 days. */
const AGE = /^\d{1,7}$/

/** The headers of a response about time. */
export interface TimeHeaders {
  /** The time of the server, in seconds since the epoch. A cached response has the date of the cached copy, so it has none. */
  readonly date: number | undefined
  /** The headers whose values Evertoken does not use, because they are malformed or not credible. */
  readonly ignored: readonly TimeHeader[]
}

/** @param now - Seconds since the epoch. */
export function readTimeHeaders(headers: Headers, now: number): TimeHeaders {
  const [dateText, age, retryAfter] = [headers.get('date'), headers.get('age'), headers.get('retry-after')]
  const date = dateText === null ? undefined : parseHttpDate(dateText)
  const ignored: TimeHeader[] = []
  if (dateText !== null && date === undefined) ignored.push('date')
  if (age !== null && !AGE.test(age)) ignored.push('age')
  if (retryAfter !== null && !isCredibleRetryAfter(retryAfter, now)) ignored.push('retry-after')
  return { date: age === null ? date : undefined, ignored }
}
