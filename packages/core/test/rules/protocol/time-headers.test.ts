import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { MAX_RETRY_AFTER_SECONDS, retryAfterSeconds } from '../../../src/rules/protocol/time-headers.ts'

const NOW = 784_111_777

it.each<[string | null, number | undefined]>([
  [null, undefined],
  ['', undefined],
  ['0', 0],
  ['120', 120],
  ['007', 7],
  ['31536000', MAX_RETRY_AFTER_SECONDS],
  ['9'.repeat(400), MAX_RETRY_AFTER_SECONDS],
  ['-5', undefined],
  ['+5', undefined],
  ['1.5', undefined],
  ['1e3', undefined],
  ['0x10', undefined],
  ['120, 120', undefined],
  ['soon', undefined],
  ['1994-11-06T08:50:37Z', undefined],
  ['Sun, 06 Nov 1994 08:50:37 GMT', 60],
  ['Sunday, 06-Nov-94 08:50:37 GMT', 60],
  ['Sun Nov  6 08:50:37 1994', 60],
  ['Sun, 06 Nov 1994 08:49:37 GMT', 0],
  ['Sun, 06 Nov 1994 08:00:00 GMT', 0],
  ['Mon, 06 Nov 1995 08:49:37 GMT', MAX_RETRY_AFTER_SECONDS],
  ['Sun, 99 Nov 1994 08:49:37 GMT', undefined],
  ['Sun, 06 Nov 1994 08:50:37 +0100', undefined],
])('RFC 9110 §10.2.3: %j', (header, expected) => {
  expect(retryAfterSeconds(header, NOW)).toBe(expected)
})

it('rounds up, so that the call does not come too early', () => {
  expect(retryAfterSeconds('Sun, 06 Nov 1994 08:50:37 GMT', NOW + 0.25)).toBe(60)
})

it('returns whole seconds within the limit, or nothing', () => {
  const date = fc.date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true })
  const header = fc.oneof(
    fc.string(),
    fc.integer().map(String),
    date.map((value) => value.toUTCString()),
  )
  fc.assert(
    fc.property(header, (value) => {
      const seconds = retryAfterSeconds(value, NOW)
      if (seconds === undefined) return
      expect(Number.isInteger(seconds) && seconds >= 0 && seconds <= MAX_RETRY_AFTER_SECONDS).toBe(true)
    }),
  )
})

it('agrees with the date it was written from', () => {
  fc.assert(
    fc.property(fc.nat(4_000_000_000), fc.integer({ min: -500, max: 500 }), (now, wait) => {
      const header = new Date((now + wait) * 1_000).toUTCString()
      expect(retryAfterSeconds(header, now)).toBe(Math.min(Math.max(wait, 0), MAX_RETRY_AFTER_SECONDS))
    }),
  )
})
