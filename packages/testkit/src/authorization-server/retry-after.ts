import type { Clock } from '@evertoken/core'

/**
 * The value of a `Retry-After` header: a number of seconds, a literal header value, or a date that is so many seconds
 * after the server's time.
 */
export type RetryAfter = number | string | { readonly dateInSeconds: number }

export function retryAfterHeader(value: RetryAfter | undefined, clock: Clock): Record<string, string> {
  if (value === undefined) return {}
  if (typeof value !== 'object') return { 'retry-after': String(value) }
  return { 'retry-after': new Date((clock.now() + value.dateInSeconds) * 1000).toUTCString() }
}
