import { parseHttpDate } from './http-date.ts'

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
