import { timeFor } from '../../../src/model/time-reading.ts'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { freshness, jitterOf, mayHaveExpired } from '../../../src/rules/refresh/freshness.ts'
import type { StoredToken } from '../../../src/model/stored-tokens.ts'
import { NOW, time } from '../arbitraries.ts'

const ORDER = ['fresh', 'soft', 'expired']
const lifetime = fc.double({ min: 0, max: 1e6, noNaN: true })
const before = fc.double({ min: 0.1, max: 1e5, noNaN: true })
const jitter = fc.double({ min: 0, max: 1, noNaN: true })

function living(seconds: number): StoredToken {
  return { value: 'at', type: 'Bearer', obtainedAt: NOW, expiresAt: NOW + seconds, attempt: 0 }
}

describe('freshness', () => {
  it.each([
    // lifetime, refreshBeforeExpirySeconds, jitter, soft when so many seconds are left, expired when so many are left
    [3600, 60, 0, 45, 5],
    [3600, 60, 0.5, 60, 5],
    [3600, 60, 1, 75, 5],
    [100, 60, 0, 18.75, 5],
    [100, 60, 1, 31.25, 5],
    [40, 60, 0, 7.5, 4],
    [10, 60, 0, 1.875, 1],
  ])(
    'of %d s with refreshBeforeExpirySeconds %d and jitter %d',
    (seconds, beforeExpiry, share, soft, hard) => {
      const at = (left: number) => freshness(living(seconds), NOW + seconds - left, beforeExpiry, share)
      expect([at(soft + 0.01), at(soft), at(hard + 0.01), at(hard)]).toEqual([
        'fresh',
        'soft',
        'soft',
        'expired',
      ])
    },
  )

  it('has no soft window inside the hard one', () => {
    expect(freshness(living(3600), NOW + 3594.9, 1, 1)).toBe('fresh')
    expect(freshness(living(3600), NOW + 3595, 1, 1)).toBe('expired')
  })

  it('never offers a token at or after its expiry, nor one that was never valid', () => {
    fc.assert(
      fc.property(lifetime, before, jitter, fc.nat(1e6), (seconds, beforeExpiry, share, late) => {
        expect(freshness(living(seconds), NOW + seconds + late, beforeExpiry, share)).toBe('expired')
        expect(freshness(living(-late), NOW, beforeExpiry, share)).toBe('expired')
      }),
    )
  })

  it('calls a token that was just obtained fresh, however short it lives: no refresh at every call', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.1, max: 1e6, noNaN: true }),
        before,
        jitter,
        (seconds, beforeExpiry, share) => {
          expect(freshness(living(seconds), NOW + seconds * 0.68, beforeExpiry, share)).toBe('fresh')
        },
      ),
    )
  })

  it('only ever goes from fresh to soft to expired', () => {
    const share = fc.double({ min: 0, max: 1.1, noNaN: true })
    fc.assert(
      fc.property(lifetime, before, jitter, share, share, (seconds, beforeExpiry, spread, one, other) => {
        const at = (part: number) =>
          ORDER.indexOf(freshness(living(seconds), NOW + seconds * part, beforeExpiry, spread))
        expect(at(Math.min(one, other))).toBeLessThanOrEqual(at(Math.max(one, other)))
      }),
    )
  })
})

describe('timeFor', () => {
  const seconds = fc.double({ min: -1e9, max: 1e9, noNaN: true })

  it('compares a token of a wall clock with the wall clock, whatever the server shows', () => {
    fc.assert(
      fc.property(time, fc.option(time, { nil: undefined }), (wall, server) => {
        expect(timeFor({}, { wall, server })).toBe(wall)
        expect(timeFor({ ahead: undefined }, { wall, server })).toBe(wall)
      }),
    )
  })

  it("compares a token of the server's clock with that clock, if it is known", () => {
    fc.assert(
      fc.property(time, time, seconds, (wall, server, ahead) => {
        expect(timeFor({ ahead }, { wall, server })).toBe(server)
      }),
    )
  })

  it("uses the writer's difference in a process that does not know the server's clock", () => {
    fc.assert(
      fc.property(time, seconds, (wall, ahead) => {
        expect(timeFor({ ahead }, { wall })).toBe(wall + ahead)
        expect(timeFor({ ahead: 0 }, { wall })).toBe(wall)
      }),
    )
  })

  it('two processes agree on the age of a token, however wrong their wall clocks are', () => {
    fc.assert(
      fc.property(time, seconds, seconds, fc.nat(3600), (server, ahead, other, age) => {
        const token = { ahead, obtainedAt: server }
        const now = server + age
        expect(timeFor(token, { wall: now - ahead, server: now }) - token.obtainedAt).toBe(
          timeFor(token, { wall: now - other, server: now }) - token.obtainedAt,
        )
      }),
    )
  })
})

describe('mayHaveExpired: whether a process that has not seen the time of the server asks for it', () => {
  it.each([
    // age, lifetime, expected
    [0, 3600, false],
    [3000, 3600, false],
    [3000.1, 3600, true],
    [3600, 3600, true],
    [-0.1, 3600, true],
    [0, 300, true],
  ])('at the age of %d s of %d s: %s', (age, seconds, expected) => {
    expect(mayHaveExpired(living(seconds), { wall: NOW + age })).toBe(expected)
    expect(mayHaveExpired({ ...living(seconds), ahead: 50 }, { wall: NOW + age - 50 })).toBe(expected)
  })
})

describe('jitterOf', () => {
  it('is a share that depends only on the text', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const value = jitterOf(text)
        expect(value >= 0 && value < 1).toBe(true)
        expect(jitterOf(text)).toBe(value)
      }),
    )
  })

  it('spreads session ids evenly', () => {
    const tenths = Array.from({ length: 10 }, () => 0)
    for (let i = 0; i < 2000; i++) {
      const tenth = Math.floor(jitterOf(`session-${i * 7919}`) * 10)
      tenths[tenth] = (tenths[tenth] ?? 0) + 1
    }
    expect(Math.min(...tenths)).toBeGreaterThan(120)
    expect(Math.max(...tenths)).toBeLessThan(280)
  })
})
