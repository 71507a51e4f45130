import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type BackOff, nextBackOff, secondsLeft } from '../../src/model/back-off.ts'
import { NOW, reading, time } from '../rules/arbitraries.ts'

const CODE = 'refresh_outcome_unknown'
const jitter = fc.double({ min: 0, max: 1, noNaN: true })
const retryAfter = fc.option(fc.integer({ min: 0, max: 300 }), { nil: undefined })

/** The pause after so many failures in a row. */
function after(failures: number, now = NOW): BackOff | undefined {
  let backOff: BackOff | undefined
  for (let i = 0; i < failures; i++) backOff = nextBackOff(backOff, CODE, { wall: now })
  return backOff
}

describe('nextBackOff', () => {
  it('doubles the pause after each failure in a row, from 1 s to 60 s', () => {
    const pauses = Array.from({ length: 12 }, (_, i) => after(i + 1)?.seconds)
    expect(pauses).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60, 60])
  })

  it('a Retry-After of 0, or in the past, does not shorten the pause: the larger value counts', () => {
    fc.assert(
      fc.property(fc.nat(12), retryAfter, jitter, (failures, retryAfterSeconds, share) => {
        const before = after(failures)
        const own = nextBackOff(before, CODE, { wall: NOW }, { jitter: share }).seconds
        const { seconds } = nextBackOff(before, CODE, { wall: NOW }, { retryAfterSeconds, jitter: share })
        expect(seconds).toBe(Math.max(own, (retryAfterSeconds ?? 0) * (1 + share / 4)))
      }),
    )
  })

  it('jitter lengthens the pause by at most a quarter, and never shortens it', () => {
    fc.assert(
      fc.property(fc.nat(12), retryAfter, jitter, (failures, retryAfterSeconds, share) => {
        const before = after(failures)
        const { seconds: least } = nextBackOff(before, CODE, { wall: NOW }, { retryAfterSeconds })
        const { seconds, until } = nextBackOff(
          before,
          CODE,
          { wall: NOW },
          { retryAfterSeconds, jitter: share },
        )
        expect(seconds).toBeGreaterThanOrEqual(least)
        expect(seconds).toBeLessThanOrEqual(least * 1.25)
        expect(until).toBe(NOW + seconds)
      }),
    )
    const all = [0, 0.5, 1].map(
      (share) => nextBackOff(undefined, CODE, { wall: NOW }, { jitter: share }).seconds,
    )
    expect(all).toEqual([1, 1.125, 1.25])
  })

  describe('a refusal for an unknown reason', () => {
    const lastingCode = 'refresh_token_refused'
    const skew = fc.constantFrom<number>(0, 0, 300, -300)
    /** Failures in a row. Each process may know the clock of the server, and has its own wall clock. */
    const failures = fc.array(
      fc.record({
        isRefusal: fc.boolean(),
        afterSeconds: fc.constantFrom<number>(0, 1, 20, 30, 3600),
        skew,
        knowsServer: fc.boolean(),
      }),
      { minLength: 1, maxLength: 8 },
    )
    type Failures = typeof failures extends fc.Arbitrary<infer All> ? All : never

    /** Returns each back-off, and how many seconds before it the first refusal was. */
    function pausesAfter(all: Failures) {
      let [now, backOff] = [NOW, undefined as BackOff | undefined]
      let first: number | undefined
      return all.map(({ isRefusal, afterSeconds, skew: seconds, knowsServer }) => {
        now += afterSeconds
        if (isRefusal) first ??= now
        const clocks = { wall: now + seconds, server: knowsServer ? now : undefined }
        backOff = nextBackOff(backOff, CODE, clocks, { lastingCode: isRefusal ? lastingCode : undefined })
        return { backOff, refusedSeconds: now - (first ?? now) }
      })
    }

    it('is lasting from the third time on, if the first is 60 s ago, with other failures in between', () => {
      fc.assert(
        fc.property(failures, fc.boolean(), (all, isServerKnown) => {
          // The clocks agree: all processes know the clock of the server, or their wall clocks are right.
          const agreeing = all.map((each) => ({
            ...each,
            ...(isServerKnown ? { knowsServer: true } : { skew: 0 }),
          }))
          pausesAfter(agreeing).forEach(({ backOff, refusedSeconds }, index) => {
            const refusals = all.slice(0, index + 1).filter(({ isRefusal }) => isRefusal).length
            const isLasting = refusals >= 3 && refusedSeconds >= 60 && all[index]?.isRefusal
            expect(backOff.code).toBe(isLasting ? lastingCode : CODE)
            expect(backOff.refusals).toBe(refusals === 0 ? undefined : Math.min(refusals, 3))
          })
        }),
      )
    })

    it('never stays temporary: 3 refusals are lasting after 60 s by the clock of the last process', () => {
      fc.assert(
        fc.property(failures, skew, fc.boolean(), (all, seconds, knowsServer) => {
          const refusal = { isRefusal: true, skew: seconds, knowsServer }
          const three = [1, 60, 3600].map((afterSeconds) => ({ ...refusal, afterSeconds }))
          expect(pausesAfter([...all, ...three]).at(-1)?.backOff.code).toBe(lastingCode)
        }),
      )
    })
  })

  it('counts at most 10 failures, and keeps the reason', () => {
    expect(after(30)).toMatchObject({ failures: 10, code: CODE })
  })
})

describe('secondsLeft', () => {
  it('lasts from the write to the end of the pause, for any rounding', () => {
    fc.assert(
      fc.property(fc.nat(12), reading, jitter, jitter, retryAfter, (failures, now, share, part, seconds) => {
        const options = { retryAfterSeconds: seconds, jitter: share }
        const backOff = nextBackOff(after(failures), CODE, now, options)
        const later = (passed: number) => ({
          wall: now.wall + passed,
          server: now.server === undefined ? undefined : now.server + passed,
        })
        expect(secondsLeft(backOff, now)).toBeCloseTo(backOff.seconds, 3)
        expect(secondsLeft(backOff, later(backOff.seconds + 0.001))).toBe(0)
        expect(secondsLeft(backOff, later(backOff.seconds * part * 0.999))).toBeGreaterThan(0)
      }),
    )
  })

  it('is the same for every process that knows the clock of the server, however wrong its own clock is', () => {
    const skew = fc.double({ min: -1e5, max: 1e5, noNaN: true })
    fc.assert(
      fc.property(fc.nat(12), time, skew, skew, jitter, (failures, server, writer, reader, part) => {
        const backOff = nextBackOff(after(failures), CODE, { wall: server + writer, server })
        const passed = backOff.seconds * part * 0.999
        const left = secondsLeft(backOff, { wall: server + reader, server: server + passed })
        expect(left).toBeCloseTo(backOff.seconds - passed, 3)
      }),
    )
  })

  it('a process that does not know the clock of the server uses the difference that the writer saw', () => {
    const backOff = nextBackOff(undefined, CODE, { wall: NOW, server: NOW + 500 })
    expect(secondsLeft(backOff, { wall: NOW })).toBe(1)
  })

  it('is 0 for a back-off that a clock has written that is ahead', () => {
    fc.assert(
      fc.property(fc.nat(12), fc.double({ min: 5.01, max: 1e6, noNaN: true }), (failures, ahead) => {
        const backOff = nextBackOff(after(failures), CODE, { wall: NOW + ahead })
        expect(secondsLeft(backOff, { wall: NOW })).toBe(0)
      }),
    )
  })
})
