import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ReusePolicy } from '../../../src/rules/refresh/decide.ts'
import { maySendAgain } from '../../../src/rules/refresh/second-send.ts'

const timing = fc
  .record({
    sends: fc.integer({ min: 1, max: 5 }),
    sinceFirstMs: fc.nat(100_000),
    sinceLastMs: fc.nat(100_000),
    serverTimeoutMs: fc.integer({ min: 1, max: 60_000 }),
  })
  .map((each) => ({ ...each, sinceLastMs: Math.min(each.sinceLastMs, each.sinceFirstMs) }))
const grace = fc.double({ min: 0.1, max: 200, noNaN: true }).map((graceSeconds) => ({ graceSeconds }))

describe('maySendAgain', () => {
  it('never to a strict server', () => {
    fc.assert(fc.property(timing, (each) => maySendAgain('strict', each) === 'no'))
  })

  it('at most three times in total, whatever the policy', () => {
    const policy = fc.oneof(grace, fc.constant('tolerant' as const))
    fc.assert(
      fc.property(policy, timing, (reuse, each) => maySendAgain(reuse, { ...each, sends: 3 }) === 'no'),
    )
  })

  it('to a tolerant server after each request timeout, without evidence', () => {
    fc.assert(
      fc.property(timing, (each) => {
        const isDue = each.sends < 3 && each.sinceLastMs >= each.serverTimeoutMs
        expect(maySendAgain('tolerant', each)).toBe(isDue ? 'yes' : 'no')
      }),
    )
  })

  it('within a grace period only with evidence, and not much later than in its first half', () => {
    fc.assert(
      fc.property(grace, timing, (reuse, each) => {
        const may = maySendAgain(reuse, each)
        expect(may).not.toBe('yes')
        if (may === 'no') return
        expect(each.sinceFirstMs).toBeLessThan(reuse.graceSeconds * 500 + 2000)
        expect(each.sinceLastMs).toBeGreaterThanOrEqual(
          Math.min(each.serverTimeoutMs, reuse.graceSeconds * 500),
        )
      }),
    )
  })

  it.each<[ReusePolicy, number, string]>([
    ['tolerant', 9999, 'no'],
    ['tolerant', 10_000, 'yes'],
    [{ graceSeconds: 10 }, 4999, 'no'],
    [{ graceSeconds: 10 }, 5000, 'with_evidence'],
    [{ graceSeconds: 10 }, 6999, 'with_evidence'],
    [{ graceSeconds: 10 }, 7000, 'no'],
    [{ graceSeconds: 3 }, 2000, 'with_evidence'],
    // A fifth of a short grace period is left for the way to the server.
    [{ graceSeconds: 3 }, 2400, 'no'],
    [{ graceSeconds: 0.001 }, 2000, 'no'],
    [{ graceSeconds: 60 }, 9999, 'no'],
    [{ graceSeconds: 60 }, 10_000, 'with_evidence'],
    [{ graceSeconds: 60 }, 31_999, 'with_evidence'],
    [{ graceSeconds: 60 }, 32_000, 'no'],
  ])('%j, %d ms after the only send: %s', (reuse, ms, expected) => {
    const each = { sends: 1, sinceFirstMs: ms, sinceLastMs: ms, serverTimeoutMs: 10_000 }
    expect(maySendAgain(reuse, each)).toBe(expected)
  })
})
