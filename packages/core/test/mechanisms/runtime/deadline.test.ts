import { createManualClock, type ManualClock } from '@evertoken/testkit'
import { describe, expect, it, vi } from 'vitest'
import { withDeadline } from '../../../src/mechanisms/runtime/deadline.ts'
import { failureOf, hangs } from '../bench.ts'

const late = () => new Error('late')

function waiting<T>(promise: Promise<T>): { clock: ManualClock; result: Promise<T>; sleep: unknown } {
  const clock = createManualClock()
  const sleep = vi.spyOn(clock, 'sleep')
  return { clock, sleep, result: withDeadline(promise, 100, clock, late) }
}

describe('withDeadline', () => {
  it('costs no timer for work that settles immediately', async () => {
    const done = waiting(Promise.resolve('done'))
    expect(await done.result).toBe('done')
    const failed = waiting(Promise.reject(new Error('failed')))
    expect(await failureOf(failed.result)).toEqual(new Error('failed'))
    for (const { sleep } of [done, failed]) expect(sleep).not.toHaveBeenCalled()
  })

  it('waits for what takes a while, and leaves no timer behind', async () => {
    const { clock, result, sleep } = waiting(new Promise((resolve) => setTimeout(resolve, 1, 'done')))
    expect(await result).toBe('done')
    expect(sleep).toHaveBeenCalledOnce()
    expect(clock.pending).toBe(0)
  })

  it('waits no longer than it may', async () => {
    const { clock, result } = waiting(hangs())
    const failure = failureOf(result)
    await clock.advance(99)
    expect(clock.pending).toBe(1)
    await clock.advance(1)
    expect(await failure).toEqual(late())
  })

  it('does not count the time in which the process was stopped', async () => {
    const clock = createManualClock()
    let isFrozen = true
    // All timers of a process that was frozen are due when it continues, for any delay.
    const sleep: ManualClock['sleep'] = (ms, signal) => {
      const duration = isFrozen ? 100_000 : ms
      isFrozen = false
      return clock.sleep(duration, signal)
    }
    const response = new Promise((resolve) => void clock.sleep(101_000).then(() => resolve('response')))
    const result = withDeadline(response, 65_000, { ...clock, sleep }, late)
    await clock.advance(101_000)
    expect(await result).toBe('response')
  })
})
