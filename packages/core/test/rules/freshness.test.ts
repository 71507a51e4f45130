import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { freshness, jitterOf } from '../../src/rules/freshness.ts'
import type { StoredToken } from '../../src/rules/session-record.ts'
import { NOW } from './arbitraries.ts'

const ORDER = ['fresh', 'soft', 'expired']
const lifetime = fc.double({ min: 0, max: 1e6, noNaN: true })
const before = fc.double({ min: 0.1, max: 1e5, noNaN: true })
const jitter = fc.double({ min: 0, max: 1, noNaN: true })

function living(seconds: number): StoredToken {
  return { value: 'at', type: 'Bearer', obtainedAt: NOW, expiresAt: NOW + seconds, attempt: 0 }
}

describe('freshness', () => {
  it.each([
    // lifetime, refreshBeforeExpiry, jitter, soft when so many seconds are left, expired when so many are left
    [3600, 60, 0, 45, 5],
    [3600, 60, 0.5, 60, 5],
    [3600, 60, 1, 75, 5],
    [100, 60, 0, 18.75, 5],
    [100, 60, 1, 31.25, 5],
    [40, 60, 0, 7.5, 4],
    [10, 60, 0, 1.875, 1],
  ])('of %d s with refreshBeforeExpiry %d and jitter %d', (seconds, beforeExpiry, share, soft, hard) => {
    const at = (left: number) => freshness(living(seconds), NOW + seconds - left, beforeExpiry, share)
    expect([at(soft + 0.01), at(soft), at(hard + 0.01), at(hard)]).toEqual([
      'fresh',
      'soft',
      'soft',
      'expired',
    ])
  })

  it('has no soft window where that would lie in the hard one', () => {
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

describe('jitterOf', () => {
  it('is a share that depends on the text alone', () => {
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
