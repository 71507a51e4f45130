import type { TimeHeader } from '../vocabulary/index.ts'
import { parseHttpDate } from './http-date.ts'
import { isCredibleRetryAfter } from './retry-after.ts'

/** Seconds, at most 115 days. */
const AGE = /^\d{1,7}$/

/**
 * Returns the headers about time whose values Evertoken does not use, because they are malformed or not credible.
 *
 * @param now - Seconds since the epoch.
 */
export function ignoredHeaders(headers: Headers, now: number): TimeHeader[] {
  const [date, age, retryAfter] = ['date', 'age', 'retry-after'].map((name) => headers.get(name))
  const ignored: TimeHeader[] = []
  if (typeof date === 'string' && parseHttpDate(date) === undefined) ignored.push('date')
  if (typeof age === 'string' && !AGE.test(age)) ignored.push('age')
  if (typeof retryAfter === 'string' && !isCredibleRetryAfter(retryAfter, now)) ignored.push('retry-after')
  return ignored
}
