import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createManualClock, createShiftableClock } from '../src/index.ts'

function createMachine() {
  const base = createManualClock(1000)
  const clock = createShiftableClock({ base })
  const times = () => [clock.now(), clock.elapsed()]
  return { base, clock, times }
}

function sleepOn(clock: { sleep(ms: number, signal?: AbortSignal): Promise<void> }, ms: number) {
  const controller = new AbortController()
  const sleeper = { awake: false, controller }
  void clock.sleep(ms, controller.signal).then(() => (sleeper.awake = true))
  return sleeper
}

describe('createShiftableClock', () => {
  it('runs with the machine by default', async () => {
    const clock = createShiftableClock()
    expect(Math.abs(clock.now() - Date.now() / 1000)).toBeLessThan(60)
    const before = clock.elapsed()
    await clock.sleep(2)
    expect(clock.elapsed() - before).toBeGreaterThanOrEqual(2 - 1e-3)
    const hour = clock.sleep(3_600_000)
    clock.advance(3600)
    await hour
    expect(clock.aheadSeconds).toBe(3600)
  })

  it('shifts only the wall clock', async () => {
    const { base, clock, times } = createMachine()
    const sleeper = sleepOn(clock, 1000)
    clock.shift(-3600)
    expect(times()).toEqual([1000 - 3600, 0])
    await base.advance(999)
    expect(sleeper.awake).toBe(false)
    await base.advance(1)
    expect([sleeper.awake, clock.aheadSeconds]).toEqual([true, -3600])
  })

  it('advances both clocks, and wakes sleepers that are due', async () => {
    const { base, clock, times } = createMachine()
    const [minute, hour] = [sleepOn(clock, 60_000), sleepOn(clock, 3_600_000)]
    clock.advance(60)
    await base.advance(0)
    expect([times(), minute.awake, hour.awake]).toEqual([[1060, 60_000], true, false])
    await base.advance(3_540_000)
    expect(hour.awake).toBe(true)
  })

  it('stops the elapsed time while it is suspended, and lets the wall clock run', async () => {
    const { base, clock, times } = createMachine()
    const sleeper = sleepOn(clock, 1000)
    await base.advance(400)
    clock.suspend()
    clock.suspend()
    const late = sleepOn(clock, 100)
    await base.advance(60_000)
    clock.advance(10)
    expect([times(), clock.suspended]).toEqual([[1070.4, 400], true])
    clock.resume()
    clock.resume()
    await base.advance(599)
    expect([times(), sleeper.awake, late.awake, clock.suspended]).toEqual([
      [1070.999, 999],
      false,
      true,
      false,
    ])
    await base.advance(1)
    expect(sleeper.awake).toBe(true)
  })

  it('wakes on an abort, also while it is suspended', async () => {
    const { base, clock } = createMachine()
    const [one, other] = [sleepOn(clock, 1000), sleepOn(clock, 1000)]
    one.controller.abort()
    await base.advance(0)
    clock.suspend()
    await base.advance(0)
    expect([one.awake, other.awake]).toEqual([true, false])
    other.controller.abort()
    await base.advance(0)
    expect([other.awake, base.pending]).toEqual([true, 0])
    await clock.sleep(1000, AbortSignal.abort())
  })

  it('leaves no sleeper on its base after a change', async () => {
    const { base, clock } = createMachine()
    const sleeper = sleepOn(clock, 1000)
    clock.suspend()
    await base.advance(0)
    expect(base.pending).toBe(0)
    clock.resume()
    await base.advance(0)
    expect(base.pending).toBe(1)
    clock.advance(1)
    await base.advance(0)
    expect([sleeper.awake, base.pending]).toEqual([true, 0])
  })

  it('wakes every sleeper after exactly its elapsed time, whatever happens to the clock', async () => {
    const step = fc.oneof(
      fc.record({ type: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 300 }) }),
      fc.record({ type: fc.constant('shift' as const), ms: fc.integer({ min: -300, max: 300 }) }),
      fc.record({ type: fc.constantFrom('suspend' as const, 'resume' as const), ms: fc.constant(0) }),
    )
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 8 }),
        fc.integer({ min: 1, max: 500 }),
        async (steps, nap) => {
          const { base, clock } = createMachine()
          let awakeAt: number | undefined
          void clock.sleep(nap).then(() => (awakeAt = clock.elapsed()))
          let [elapsed, wall, running] = [0, 1000, true]
          for (const { type, ms } of steps) {
            if (type === 'pass') await base.advance(ms)
            else if (type === 'shift') clock.shift(ms)
            else clock[type]()
            if (type === 'suspend' || type === 'resume') running = type === 'resume'
            if (type === 'pass' && running) elapsed += ms
            if (type === 'pass') wall += ms / 1000
            if (type === 'shift') wall += ms
            expect(clock.elapsed()).toBeCloseTo(elapsed)
            expect(clock.now()).toBeCloseTo(wall)
            await base.advance(0)
            if (elapsed < nap) expect(awakeAt).toBeUndefined()
            else expect(awakeAt).toBeCloseTo(nap)
          }
        },
      ),
      { numRuns: 25 },
    )
  })

  it('wakes in the advance that reaches the time, also with fractions', async () => {
    const fraction = fc.double({ min: 0.001, max: 1e6, noNaN: true })
    await fc.assert(
      fc.asyncProperty(fraction, fraction, fraction, async (before, shifted, nap) => {
        const { base, clock } = createMachine()
        await base.advance(before)
        clock.advance(shifted)
        const sleeper = sleepOn(clock, nap)
        await base.advance(nap)
        expect(sleeper.awake).toBe(true)
      }),
      { numRuns: 30 },
    )
  })

  it('rejects times that are not numbers, and negative advances', () => {
    const { clock, times } = createMachine()
    expect(() => clock.shift(Number.NaN)).toThrow(/`shift` received NaN/)
    expect(() => clock.advance(Infinity)).toThrow(/`advance` received Infinity/)
    expect(() => clock.advance(-1)).toThrow(/use `shift`/)
    expect(times()).toEqual([1000, 0])
  })
})
