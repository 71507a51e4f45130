import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type ConcurrencyLimit,
  cut,
  grow,
  INITIAL_LIMIT,
} from '../../../src/rules/refresh/concurrency-limit.ts'

type Step = { readonly do: 'grow'; readonly ms: number; readonly needed: boolean } | { readonly do: 'cut' }

const grown = fc.record({ do: fc.constant('grow' as const), ms: fc.nat(500), needed: fc.boolean() })
const step: fc.Arbitrary<readonly [number, Step]> = fc.tuple(
  fc.nat(400),
  fc.oneof(
    { weight: 5, arbitrary: grown },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('cut' as const) }) },
  ),
)

function follow(steps: readonly (readonly [number, Step])[]) {
  let [state, now] = [INITIAL_LIMIT, 0]
  return steps.map(([pause, next]) => {
    const before = state
    now += pause
    state = next.do === 'cut' ? cut(state, now) : grow(state, next.ms, next.needed)
    return { before, after: state, now, next }
  })
}

function repeat(
  state: ConcurrencyLimit,
  times: number,
  change: (state: ConcurrencyLimit) => ConcurrencyLimit,
) {
  return Array.from({ length: times }).reduce<ConcurrencyLimit>(change, state)
}

describe('the limit', () => {
  it('starts at 16 and stays between 2 and 128', () => {
    expect(INITIAL_LIMIT.limit).toBe(16)
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        for (const { after } of follow(steps)) expect(after.limit >= 2 && after.limit <= 128).toBe(true)
      }),
    )
    const full = repeat(INITIAL_LIMIT, 500, (state) => grow(state, 10, true))
    expect(full.limit).toBe(128)
    let now = 0
    expect(repeat(full, 20, (state) => cut(state, (now += 500))).limit).toBe(2)
  })

  it('is halved at most once per 500 ms, however many requests fail', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const cuts = follow(steps).filter(({ before, after }) => after.cutAt !== before.cutAt)
        for (const [i, { now, before, after }] of cuts.entries()) {
          expect(after.limit).toBe(Math.max(2, before.limit / 2))
          if (i > 0) expect(now - (cuts[i - 1]?.now ?? 0)).toBeGreaterThanOrEqual(500)
        }
      }),
    )
    expect(cut(cut(INITIAL_LIMIT, 0), 499).limit).toBe(8)
    expect(cut(cut(INITIAL_LIMIT, 0), 500).limit).toBe(4)
  })

  it('grows by 1 per response at the start, and by 1 per round of responses after an overload', () => {
    expect(repeat(INITIAL_LIMIT, 10, (state) => grow(state, 50, true)).limit).toBe(26)
    const later = cut(INITIAL_LIMIT, 0)
    expect(repeat(later, 8, (state) => grow(state, 50, true)).limit).toBeCloseTo(9, 0)
  })

  it('does not grow if no request waits for it', () => {
    expect(repeat(INITIAL_LIMIT, 10, (state) => grow(state, 50, false)).limit).toBe(16)
  })

  it('does not grow while responses show that the server queues requests, and the start is over then', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 5000 }), (fastest, extra) => {
        const state = grow(INITIAL_LIMIT, fastest, true)
        const slow = grow(state, fastest * 2.05 + 20 + extra, true)
        expect([slow.limit, slow.isStarting]).toEqual([state.limit, false])
        expect(grow(state, fastest * 2 + 20, true).limit).toBe(state.limit + 1)
      }),
    )
  })

  it('grows again at a server that has become slower for good', () => {
    let state = cut(grow(INITIAL_LIMIT, 3, true), 0)
    for (let i = 0; i < 1000; i++) state = grow(state, 60, true)
    expect(state.limit).toBeGreaterThan(INITIAL_LIMIT.limit)
  })
})
