import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  afterFailure,
  afterResponse,
  afterSuccess,
  PROBE_MS,
  startProbe,
  type StoreHealth,
  WORKING,
} from '../../../src/rules/stores/store-health.ts'

/** One operation at a time fails, from `now` on. */
function failing(times: number, now = 0, random = 1): StoreHealth {
  let health = WORKING
  for (let i = 0; i < times; i++) health = afterFailure(health, health, true, now, random)
  return health
}

describe('the health of a store', () => {
  it('is down after three slow failures in a row, not before', () => {
    expect(failing(1)).toMatchObject({ kind: 'failing', failures: 1 })
    expect(failing(2)).toMatchObject({ kind: 'failing', failures: 2 })
    expect(failing(3)).toMatchObject({ kind: 'down', failedProbes: 0 })
    expect(failing(10)).toMatchObject({ kind: 'down' })
  })

  it('counts again after a success, and ends the outage after a second without a failure', () => {
    const twice = afterSuccess(failing(2), 999)
    expect(twice).toMatchObject({ kind: 'failing', failures: 0 })
    expect(afterFailure(twice, twice, true, 999, 1)).toMatchObject({ kind: 'failing', failures: 1 })
    expect(afterSuccess(twice, 1000)).toMatchObject({ kind: 'working', responses: 2 })
  })

  it('lets all operations through once a probe was due for two seconds, until the first of them fails', () => {
    const down = failing(3)
    if (down.kind !== 'down') throw new Error('The store is not down')
    const probing = startProbe(down, 2099)
    expect(probing && startProbe(probing, 2099)).toBeUndefined()
    const stale = startProbe(down, 2100)
    expect(stale && startProbe(stale, 2100)).toBe(down)
    const failed = afterFailure(down, down, true, 2500, 1)
    expect(failed).toMatchObject({ kind: 'down', nextProbeAt: 2700 })
    expect(startProbe(failed as typeof down, 2501)).toBeUndefined()
    expect(afterFailure(failed, down, true, 2502, 1)).toBe(failed)
  })

  it('recovers from being down with the first success', () => {
    expect(afterSuccess(failing(3), 1)).toMatchObject({ kind: 'working', responses: 1 })
  })

  it('ignores failures of operations that began before the last success', () => {
    const before = failing(2)
    const succeeded = afterSuccess(before, 500)
    expect(afterFailure(succeeded, before, true, 501, 1)).toBe(succeeded)
    const recovered = afterSuccess(before, 2000)
    expect(afterFailure(recovered, before, true, 2001, 1)).toBe(recovered)
    expect(afterFailure(recovered, WORKING, true, 2001, 1)).toBe(recovered)
    expect(afterFailure(recovered, recovered, true, 2001, 1)).toMatchObject({ kind: 'failing', since: 2001 })
  })

  it('is not down because of operations that began before it responded to others', () => {
    const responded = afterSuccess(WORKING, 1)
    let health = responded
    for (let i = 0; i < 10; i++) health = afterFailure(health, WORKING, true, 5000, 1)
    expect(health).toMatchObject({ kind: 'failing', failures: 0, since: 5000 })
    expect(afterFailure(responded, responded, true, 5000, 1)).toMatchObject({ kind: 'failing', failures: 1 })
  })

  it('is not down because operations fail fast, and a probe that fails fast ends that', () => {
    let health = WORKING
    for (let i = 0; i < 10; i++) health = afterFailure(health, health, false, i, 1)
    expect(health).toMatchObject({ kind: 'failing', failures: 0, since: 0 })
    const down = failing(3)
    expect(afterFailure(down, down, false, 1, 1)).toMatchObject({ kind: 'failing', failures: 0 })
    const mixed = afterFailure(failing(2), failing(2), false, 1, 1)
    expect(afterFailure(mixed, mixed, true, 2, 1)).toMatchObject({ kind: 'down' })
  })

  it('is not down because it is set up wrongly, and an outage ends there', () => {
    let health: StoreHealth = failing(3)
    for (let i = 0; i < 5; i++) health = afterResponse(health, i)
    expect(health).toMatchObject({ kind: 'failing', failures: 0, since: 0 })
  })

  it('pauses longer after each failed probe, within half a second, by chance at most half as long', () => {
    const pauses = (random: number) => {
      let [health, now]: [StoreHealth, number] = [failing(3, 0, random), 0]
      return Array.from({ length: 6 }, () => {
        if (health.kind !== 'down') throw new Error('The store is not down')
        const pause = health.nextProbeAt - now
        now = health.nextProbeAt
        const probing = startProbe(health, now)
        if (!probing) throw new Error('The probe is not due')
        health = afterFailure(probing, probing, true, now, random)
        return pause
      })
    }
    expect(pauses(1)).toEqual([100, 200, 400, 450, 450, 450])
    expect(pauses(0)).toEqual([50, 100, 200, 225, 225, 225])
  })
})

/** A store that is down from `downAt` to `backAt`, with callers that arrive at `arrivals`. */
const world = fc.record({
  arrivals: fc.array(fc.integer({ min: 0, max: 20_000 }), { minLength: 20, maxLength: 80, size: 'max' }),
  downAt: fc.integer({ min: 0, max: 5000 }),
  lastsMs: fc.integer({ min: 1, max: 10_000 }),
  /** How long an operation takes in an outage until it fails. */
  failMs: fc.array(fc.integer({ min: 0, max: 5000 }), { minLength: 5, maxLength: 5 }),
  /** Which probes are cut off with their request, so that nothing is heard of them. */
  lost: fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }),
  random: fc.double({ min: 0, max: 1, noNaN: true }),
})

type World = typeof world extends fc.Arbitrary<infer T> ? T : never

interface Done {
  readonly at: number
  readonly ok: boolean
  readonly under: StoreHealth
  readonly isProbe: boolean
}

function simulate({ arrivals, downAt, lastsMs, failMs, lost, random }: World) {
  const backAt = downAt + lastsMs
  const steady = Array.from({ length: 20 }, (_, i) => backAt + i * 250)
  const queue = [...arrivals, ...steady].toSorted((a, b) => a - b)
  let running: Done[] = []
  let health: StoreHealth = WORKING
  const events: { readonly type: 'began' | 'ended'; readonly at: number }[] = []
  const probes: { readonly from: number; readonly to: number; readonly isStale: boolean }[] = []
  const refusedAt: number[] = []

  function change(next: StoreHealth, at: number) {
    if (health.kind === 'working' && next.kind !== 'working') events.push({ type: 'began', at })
    if (health.kind !== 'working' && next.kind === 'working') events.push({ type: 'ended', at })
    health = next
  }

  function finishUntil(limit: number) {
    for (;;) {
      const next = running.filter(({ at }) => at <= limit).toSorted((a, b) => a.at - b.at)[0]
      if (!next) return
      running = running.filter((other) => other !== next)
      change(
        next.ok ? afterSuccess(health, next.at) : afterFailure(health, next.under, true, next.at, random),
        next.at,
      )
    }
  }

  for (const [i, now] of queue.entries()) {
    finishUntil(now)
    const isDown = now >= downAt && now < backAt
    const isProbe = health.kind === 'down'
    const isStale = health.kind === 'down' && now - health.nextProbeAt >= 2000
    const under: StoreHealth | undefined = health.kind === 'down' ? startProbe(health, now) : health
    if (!under) {
      refusedAt.push(now)
      continue
    }
    health = under
    const takes = isDown ? (failMs[i % 5] ?? 0) : 1
    const at = now + (isProbe ? Math.min(takes, PROBE_MS) : takes)
    if (isProbe) probes.push({ from: now, to: at, isStale })
    if (isProbe && isDown && lost[i % 5]) continue
    running.push({ at, ok: !isDown, under, isProbe })
  }
  finishUntil(Infinity)
  return { health, events, probes, refusedAt, backAt }
}

describe('a store that is down for a while', () => {
  it('never gets two probes in parallel, and events begin and end an outage in turn', () => {
    fc.assert(
      fc.property(world, (given) => {
        const { events, probes } = simulate(given)
        const alone = probes.filter(({ isStale }) => !isStale)
        for (const [i, { to }] of alone.entries())
          expect(alone[i + 1]?.from ?? Infinity).toBeGreaterThanOrEqual(to)
        events.forEach(({ type }, i) => expect(type).toBe(i % 2 === 0 ? 'began' : 'ended'))
      }),
      { numRuns: 1000 },
    )
  })

  it('works for every caller again from a second after it is back, and the outage is over', () => {
    fc.assert(
      fc.property(world, (given) => {
        const { health, refusedAt, backAt } = simulate(given)
        expect(refusedAt.filter((at) => at >= backAt + 1250)).toEqual([])
        expect(health.kind).toBe('working')
      }),
      { numRuns: 1000 },
    )
  })
})
