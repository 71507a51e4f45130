import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createServerClockBench } from '../server-clock-bench.ts'

const HOUR = 3600
const NOW = 1_800_000_000

describe('the time of a response', () => {
  it('is the middle of the second of its Date, and continues by the monotonic clock', async () => {
    const { clock, serverClock, see } = createServerClockBench()
    expect(serverClock.read().server).toBe(undefined)
    see(NOW + 100)
    expect(serverClock.read().server).toBe(NOW + 100.5)
    await clock.advance(70_250)
    expect(serverClock.read()).toMatchObject({ wall: NOW + 70.25, server: NOW + 170.75 })
  })

  it.each<[string, string | number, number, Record<string, string>]>([
    ['with an Age, which a cache has stored', NOW, 20, { age: '0' }],
    ['that took longer than 5 s', NOW, 5001, {}],
    ['with a malformed Date', 'yesterday', 20, {}],
  ])('is ignored %s', (_what, date, tripMs, headers) => {
    const { serverClock, see, requests } = createServerClockBench()
    see(date, tripMs, headers)
    expect([serverClock.read().server !== undefined, requests()]).toEqual([false, 0])
    see(NOW, 5000)
    see(NOW - HOUR, tripMs, headers)
    if (date === NOW) see(date, tripMs, headers)
    expect(serverClock.read().server).toBe(NOW + 0.5)
  })

  it('is unknown without a Date', () => {
    const { serverClock } = createServerClockBench()
    serverClock.observe(new Headers(), 20)
    expect(serverClock.read().server).toBeUndefined()
  })

  it('corrects a small drift without a request', async () => {
    const { clock, serverClock, see, requests, events } = createServerClockBench()
    see(NOW)
    await clock.advance(10_000)
    see(NOW + 15)
    expect([serverClock.read().server, requests(), events]).toEqual([NOW + 15.5, 0, []])
  })
})

describe('a time that is far from the expected one', () => {
  it.each([
    ['a first one 10 minutes ahead of the wall clock', 0, 600, 599],
    ['a first one 10 minutes behind the wall clock', 0, -601, -600],
  ])('%s is not believed before a second one agrees', async (_what, _known, doubted, believed) => {
    const near = createServerClockBench()
    near.see(NOW + believed)
    expect([near.serverClock.read().server !== undefined, near.requests()]).toEqual([true, 0])

    const far = createServerClockBench((trueTime) => trueTime + doubted)
    far.see(NOW + doubted)
    expect([far.serverClock.read().server !== undefined, far.requests()]).toEqual([false, 1])
    expect(far.events).toEqual([{ type: 'server_date_doubted', seconds: Math.round(doubted + 0.5) }])
    await far.clock.advance(0)
    expect(far.serverClock.read().server).toBe(NOW + doubted + 0.5)
  })

  it('a later one that is more than 5 s off is dropped if the next one does not confirm it', async () => {
    const { clock, serverClock, see, requests, events } = createServerClockBench()
    see(NOW)
    see(NOW + 6)
    expect([serverClock.read().server, requests()]).toEqual([NOW + 0.5, 1])
    expect(events).toEqual([{ type: 'server_date_doubted', seconds: 6 }])
    await clock.advance(0)
    expect(serverClock.read().server).toBe(NOW + 0.5)
    see(NOW - 6)
    expect(serverClock.read().server).toBe(NOW + 0.5)
  })

  it('two that agree win over the first', async () => {
    const { clock, serverClock, see } = createServerClockBench((trueTime) => trueTime + 60)
    see(NOW)
    see(NOW + 60)
    await clock.advance(0)
    expect(serverClock.read().server).toBe(NOW + 60.5)
  })

  it('is asked about by one request, and at most two per pause, whatever the server shows', async () => {
    const date = fc.oneof(fc.integer({ min: 0, max: 4e9 }), fc.constant(undefined))
    await fc.assert(
      fc.asyncProperty(
        fc.infiniteStream(date),
        fc.array(date, { minLength: 40, maxLength: 40 }),
        async (dates, seen) => {
          const bench = createServerClockBench(() => dates.next().value)
          const before: number[] = []
          for (const each of seen) {
            if (each !== undefined) bench.see(each)
            await bench.serverClock.sample()
            before.push(bench.requests())
            await bench.clock.advance(1000)
          }
          for (const [i, count] of before.entries())
            expect(count - (before[i - 10] ?? 0)).toBeLessThanOrEqual(i < 10 ? 2 : 4)
          return true
        },
      ),
      { numRuns: 8 },
    )
  })

  it('a server whose dates never agree is asked less and less: 2, 4, 8 times 10 s, up to 10 minutes', async () => {
    let date = 0
    const bench = createServerClockBench(() => (date += 100_000))
    const askedAt: number[] = []
    for (let second = 0; second < 4000; second += 10) {
      const before = bench.requests()
      bench.see((date += 100_000))
      await bench.clock.advance(10_000)
      if (bench.requests() > before) askedAt.push(second)
    }
    const pauses = askedAt.slice(1).map((at, i) => at - (askedAt[i] ?? 0))
    expect(pauses.slice(0, 7)).toEqual([20, 40, 80, 160, 320, 600, 600])
    expect(bench.requests()).toBe(askedAt.length * 2)
    expect(bench.serverClock.read().server).toBeUndefined()
  })
})

describe('jumps of this machine', () => {
  it.each([HOUR, -HOUR])(
    'a wall clock that jumps by %d s does not change the time of the server',
    async (jump) => {
      const { clock, serverClock, see, error, requests } = createServerClockBench()
      see(NOW)
      expect(serverClock.read().isUncertain).toBe(false)
      clock.jump(jump)
      expect(serverClock.read().isUncertain).toBe(true)
      await serverClock.sample()
      expect([serverClock.read().isUncertain, requests()]).toEqual([false, 1])
      expect(Math.abs(error() ?? 99)).toBeLessThanOrEqual(0.5)
    },
  )

  it('without a sample, the later of the two times counts: a dead token is worse than a refresh', async () => {
    const { clock, serverClock, see } = createServerClockBench(() => undefined)
    see(NOW)
    clock.jump(HOUR)
    await serverClock.sample()
    expect([serverClock.read().isUncertain, serverClock.read().server]).toEqual([true, NOW + HOUR + 0.5])
    clock.jump(-2 * HOUR)
    expect(serverClock.read().server).toBe(NOW + 0.5)
  })

  it('a machine that was suspended for 40 minutes with its monotonic clock needs no request', async () => {
    const suspended = 2400
    const { clock, serverClock, see, requests } = createServerClockBench((trueTime) => trueTime + suspended)
    see(NOW)
    clock.jump(suspended)
    expect(serverClock.read().server).toBe(NOW + suspended + 0.5)
    await serverClock.sample()
    expect([serverClock.read().isUncertain, requests()]).toEqual([false, 1])
    await clock.advance(10_000)
    expect(serverClock.read().server).toBe(NOW + suspended + 10.5)
  })

  it('2 s between the two clocks are drift, more is a jump', () => {
    const { clock, serverClock, see } = createServerClockBench()
    see(NOW)
    clock.jump(2)
    expect(serverClock.read().isUncertain).toBe(false)
    clock.jump(0.1)
    expect(serverClock.read().isUncertain).toBe(true)
  })
})

describe('events about headers', () => {
  it('are emitted at most once a minute for each header, without its value', async () => {
    const { clock, events, requests, see } = createServerClockBench()
    const hostile = { age: '-1', 'retry-after': '9'.repeat(30) }
    const all = ['date', 'age', 'retry-after'].map((header) => ({ type: 'server_header_ignored', header }))
    for (let i = 0; i < 100; i++) see('canary', 20, hostile)
    expect(events).toEqual(all)
    await clock.advance(60_000)
    see('canary', 20, hostile)
    expect(events).toEqual([...all, ...all])
    expect(requests()).toBe(0)
  })

  it('are limited for dates that are doubted as well, and cause no loop of requests', async () => {
    const { clock, events, requests, see } = createServerClockBench()
    see(NOW)
    for (let i = 1; i <= 100; i++) {
      see(NOW + i * 1000)
      await clock.advance(0)
    }
    expect(events).toHaveLength(1)
    expect(requests()).toBeLessThanOrEqual(2)
  })
})
