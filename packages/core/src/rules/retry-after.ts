import { parseHttpDate } from './http-date.ts'

/** A server that asks for more, a year for example, is asked again after this many seconds. */
export const MAX_RETRY_AFTER_SECONDS = 300

/**
 * Reads `Retry-After` (RFC 9110 §10.2.3): seconds, or any of the three date formats.
 *
 * @returns Whole seconds from `now` (seconds since the epoch), 0 for a date in the past, `undefined` for malformed data.
 */
export function retryAfterSeconds(header: string | null, now: number): number | undefined {
  if (header === null) return undefined
  const date = parseHttpDate(header)
  if (!/^\d+$/.test(header) && date === undefined) return undefined
  const seconds = date === undefined ? Number(header) : Math.ceil(date - now)
  return Math.min(Math.max(seconds, 0), MAX_RETRY_AFTER_SECONDS)
}
