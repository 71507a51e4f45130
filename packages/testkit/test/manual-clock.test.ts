import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createManualClock } from '../src/index.ts'

describe('createManualClock', () => {
  it('stops until a test moves it', async () => {
    const clock = createManualClock(1000)
    expect([clock.now(), clock.elapsed()]).toEqual([1000, 0])
    await clock.advance(1500)
    expect([clock.now(), clock.elapsed()]).toEqual([1001.5, 1500])
  })

  it('jumps only the wall clock, and wakes no sleeper', async () => {
    const clock = createManualClock(1000)
    let woken = false
    const sleeping = clock.sleep(10).then(() => (woken = true))
    clock.jump(-3600)
    await clock.advance(9)
    expect([clock.now(), clock.elapsed(), clock.pending, woken]).toEqual([1000 - 3600 + 0.009, 9, 1, false])
    await clock.advance(1)
    await sleeping
    expect(clock.pending).toBe(0)
  })

  it('wakes all sleepers in order and on time, also those that sleep again', async () => {
    const delays = fc.array(fc.array(fc.integer({ min: 1, max: 100 }), { maxLength: 4 }), { maxLength: 6 })
    await fc.assert(
      fc.asyncProperty(delays, async (sleepers) => {
        const clock = createManualClock(0)
        const wakings: number[] = []
        const expected = sleepers.flatMap((naps) => naps.map((_, i) => sum(naps.slice(0, i + 1))))
        const all = sleepers.map(async (naps) => {
          for (const nap of naps) {
            await clock.sleep(nap)
            wakings.push(clock.elapsed())
          }
        })
        await clock.advance(400)
        await Promise.all(all)
        expect(wakings).toEqual(expected.toSorted((a, b) => a - b))
        expect([clock.elapsed(), clock.pending]).toEqual([400, 0])
      }),
      { numRuns: 15 },
    )
  })

  it('wakes a sleeper early on an abort, also if it was aborted before', async () => {
    const clock = createManualClock()
    const controller = new AbortController()
    const sleeping = clock.sleep(1000, controller.signal)
    expect(clock.pending).toBe(1)
    controller.abort()
    await sleeping
    await clock.sleep(1000, controller.signal)
    expect([clock.pending, clock.elapsed()]).toEqual([0, 0])
  })

  it('adds up concurrent advances', async () => {
    const clock = createManualClock()
    await Promise.all([clock.advance(10), clock.advance(5)])
    expect(clock.elapsed()).toBe(15)
  })

  it('wakes sleepers of no time without an advance', async () => {
    const clock = createManualClock()
    await Promise.all([clock.sleep(0), clock.sleep(-1), clock.sleep(Number.NaN)])
    expect(clock.elapsed()).toBe(0)
  })
})

describe('advance', () => {
  it('waits for WebCrypto, which works in other threads', async () => {
    const clock = createManualClock()
    const key = await crypto.subtle.importKey('raw', new Uint8Array(16), 'PBKDF2', false, ['deriveBits'])
    const slow = { name: 'PBKDF2', hash: 'SHA-256', salt: new Uint8Array(16), iterations: 200_000 }
    let isDerived = false
    async function derive() {
      await clock.sleep(10)
      await crypto.subtle.deriveBits(slow, key, 256)
      isDerived = true
    }
    void derive()
    await clock.advance(10)
    expect(isDerived).toBe(true)
  })
})

describe('advanceUntil', () => {
  it('stops at the time at which the work has settled', async () => {
    const clock = createManualClock()
    const work = clock
      .sleep(100)
      .then(() => clock.sleep(200))
      .then(() => Promise.reject(new Error('Failed')))
    expect(await clock.advanceUntil(work, 1000)).toBe(true)
    expect(clock.elapsed()).toBe(300)
  })

  it('stops at the limit', async () => {
    const clock = createManualClock()
    expect(await clock.advanceUntil(clock.sleep(1001), 1000)).toBe(false)
    expect([clock.elapsed(), clock.pending]).toEqual([1000, 1])
  })
})

describe('auto', () => {
  it('moves to the next sleeper automatically', async () => {
    const clock = createManualClock({ start: 0, auto: true })
    const order: string[] = []
    const nap = async (name: string, ms: number) => {
      await clock.sleep(ms)
      order.push(`${name} at ${clock.elapsed()}`)
    }
    await Promise.all([nap('year', 31_536_000_000), nap('minute', 60_000), nap('second', 1000)])
    expect(order).toEqual(['second at 1000', 'minute at 60000', 'year at 31536000000'])
    await nap('again', 1)
    expect(clock.now()).toBe(31_536_000.001)
  })
})

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
