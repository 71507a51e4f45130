import { createManualClock } from '@evertoken/testkit'
import { describe, expect, it } from 'vitest'
import { createSteadyClock } from '../../../src/mechanisms/runtime/steady-clock.ts'

const NOW = 1_800_000_000
const HOUR = 3600
const TWO_DAYS = 48 * HOUR

describe('createSteadyClock', () => {
  it('follows the wall clock, with small corrections', async () => {
    const clock = createManualClock()
    const now = createSteadyClock(clock)
    for (let i = 1; i <= 10; i++) {
      await clock.advance(1000)
      clock.jump(50)
      expect(now()).toBe(NOW + i * 51)
    }
  })

  it('does not follow a jump ahead that is set right within an hour', async () => {
    const clock = createManualClock()
    const now = createSteadyClock(clock)
    clock.jump(TWO_DAYS)
    expect(now()).toBe(NOW)
    await clock.advance(HOUR * 1000 - 1)
    expect(now()).toBeCloseTo(NOW + HOUR, 2)
    clock.jump(-TWO_DAYS)
    expect(now()).toBeCloseTo(NOW + HOUR, 2)
    // The doubt starts again.
    clock.jump(TWO_DAYS)
    expect(now()).toBeCloseTo(NOW + HOUR, 2)
  })

  it('follows a jump ahead that lasts for an hour, as after the machine was suspended', async () => {
    const clock = createManualClock()
    const now = createSteadyClock(clock)
    clock.jump(TWO_DAYS)
    expect(now()).toBe(NOW)
    await clock.advance(HOUR * 1000)
    expect(now()).toBe(NOW + TWO_DAYS + HOUR)
  })

  it('follows a jump back immediately', () => {
    const clock = createManualClock()
    const now = createSteadyClock(clock)
    clock.jump(-TWO_DAYS)
    expect(now()).toBe(NOW - TWO_DAYS)
  })
})
