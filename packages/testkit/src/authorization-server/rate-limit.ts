import type { Clock } from '@evertoken/core'
import { requireAtLeast } from '../option-checks.ts'
import type { RetryAfter } from './retry-after.ts'

/** How many token requests the server accepts per second. It responds to the others with 429. */
export interface RateLimitOptions {
  /** The number of token requests that the server accepts per second. */
  readonly perSecond: number
  /**
   * Requests that are accepted at the same moment after a quiet time, at least 1.
   *
   * @default `perSecond`, at least 1
   */
  readonly burst?: number
  /**
   * `Retry-After` of the 429 response.
   *
   * @default no header
   */
  readonly retryAfter?: RetryAfter
}

/** Returns whether one more request is within the limit, and if so, uses it up. */
export type RateLimit = () => boolean

/** A token bucket. It uses the elapsed time, so that a jump of the wall clock neither fills nor empties it. */
export function createRateLimit(options: RateLimitOptions, clock: Clock): RateLimit {
  const { perSecond, burst = Math.max(perSecond, 1) } = options
  requireAtLeast('rateLimit.perSecond', perSecond, 0)
  requireAtLeast('rateLimit.burst', burst, 1)
  let left = burst
  let filledAt = clock.elapsed()
  return () => {
    const at = clock.elapsed()
    left = Math.min(burst, left + ((at - filledAt) / 1000) * perSecond)
    filledAt = at
    // Refills add up fractions. Without the tolerance, ten tenths of a request would not be a request.
    if (left < 1 - 1e-9) return false
    left = Math.max(0, left - 1)
    return true
  }
}
