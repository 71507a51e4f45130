import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nextRejections, rejectionWaitSeconds } from '../../src/model/stored-tokens.ts'

/** When an API that rejects every token causes refreshes, if it is called once per second. */
function refreshTimes(totalSeconds: number, lifetime: number): number[] {
  const times: number[] = []
  let [count, obtainedAt] = [0, 0]
  for (let now = 0; now < totalSeconds; now++) {
    // A call whose token is rejected asks again with the new one.
    for (let i = 0; i < 2; i++) {
      const age = now - obtainedAt
      const isExpired = age >= lifetime
      if (!isExpired && age < rejectionWaitSeconds(count, lifetime)) continue
      if (!isExpired) count = nextRejections(count, age, lifetime)
      obtainedAt = now
      times.push(now)
    }
  }
  return times
}

describe('an API that rejects every token', () => {
  it('costs 7 refreshes in the first hour, then 2 an hour', () => {
    const times = refreshTimes(6 * 3600, 3600)
    expect(times.slice(0, 7)).toEqual([0, 0, 10, 50, 210, 850, 2650])
    for (let hour = 1; hour < 6; hour++) {
      const within = times.filter((at) => at >= hour * 3600 && at < (hour + 1) * 3600)
      expect(within).toHaveLength(2)
    }
  })

  it('causes at most 3 refreshes per lifetime after the start, also if tokens live for a few minutes', () => {
    const times = refreshTimes(3600, 300)
    for (let from = 300; from < 3300; from += 300)
      expect(times.filter((at) => at >= from && at < from + 300).length).toBeLessThanOrEqual(3)
  })
})

describe('rejectionWaitSeconds', () => {
  it('two rejections in a row are replaced immediately, the third is not', () => {
    expect([0, 1, 2].map((n) => rejectionWaitSeconds(n, 3600))).toEqual([0, 0, 10])
  })

  it('grows, up to 30 minutes or half a lifetime', () => {
    fc.assert(
      fc.property(fc.nat(40), fc.integer({ min: 1, max: 1e6 }), (n, lifetime) => {
        const wait = rejectionWaitSeconds(n, lifetime)
        expect(wait).toBeLessThanOrEqual(Math.min(1800, lifetime / 2))
        expect(rejectionWaitSeconds(n + 1, lifetime)).toBeGreaterThanOrEqual(wait)
        if (n > 1) expect(wait).toBe(Math.min(10 * 4 ** (n - 2), 1800, lifetime / 2))
      }),
    )
  })
})

describe('nextRejections', () => {
  it('starts a new count if the token worked for long, which is more than a minute or twice the wait', () => {
    fc.assert(
      fc.property(fc.nat(9), fc.integer({ min: 1, max: 1e5 }), fc.nat(1e5), (n, lifetime, age) => {
        const isLong = age > Math.max(60, 2 * rejectionWaitSeconds(n, lifetime))
        expect(nextRejections(n, age, lifetime)).toBe(isLong ? 1 : n + 1)
      }),
    )
    expect([nextRejections(1, 60, 3600), nextRejections(1, 60.1, 3600)]).toEqual([2, 1])
  })

  it('a call that comes as soon as the wait is over does not start a new count', () => {
    for (let n = 2; n < 12; n++) expect(nextRejections(n, rejectionWaitSeconds(n, 3600), 3600)).toBe(n + 1)
  })
})
