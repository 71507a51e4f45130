import { createManualClock } from '@evertoken/testkit'
import { describe, expect, it, vi } from 'vitest'
import { createIsolateFlights } from '../../../src/mechanisms/runtime/isolate-flights.ts'

const never = () => new Promise<string>(() => undefined)

function createBench() {
  const clock = createManualClock()
  const flights = createIsolateFlights()
  /** A separate request. Once it is cut off, none of its timers fires. */
  function request() {
    let isCutOff = false
    const own = {
      ...clock,
      async sleep(ms: number, signal?: AbortSignal) {
        await clock.sleep(ms, signal)
        if (isCutOff) await never()
      },
    }
    return {
      join: (start: () => Promise<string>) => flights.join('session', 'key', start, own),
      cutOff: () => void (isCutOff = true),
    }
  }
  const join = (start: () => Promise<string>) => request().join(start)
  const after = (ms: number) => () => clock.sleep(ms).then(() => `token after ${ms}`)
  return { clock, flights, request, join, after }
}

describe('the flights of an isolate', () => {
  it('give what one request brought to all that joined', async () => {
    const { clock, join } = createBench()
    let land: (token: string) => void = () => undefined
    const start = vi.fn(() => new Promise<string>((resolve) => (land = resolve)))

    const flights = [1, 2, 3].map(() => join(start))
    land('token')
    await clock.advance(100)

    expect(flights.map(({ joined }) => joined)).toEqual([false, true, true])
    expect(await Promise.all(flights.map(({ result }) => result))).toEqual(['token', 'token', 'token'])
    expect(start).toHaveBeenCalledOnce()
    expect(clock.pending).toBe(0)
  })

  it('give the error of one request to all that joined', async () => {
    const { clock, join } = createBench()
    const fail = () => Promise.reject(new Error('later'))

    const results = [join(fail), join(fail)].map(({ result }) => result.catch(String))
    await clock.advance(100)

    expect(await Promise.all(results)).toEqual(['Error: later', 'Error: later'])
  })

  it('are separate if group or name differ', () => {
    const { clock, flights } = createBench()
    const names = [
      ['a', 'b'],
      ['a', 'c'],
      ['b', 'b'],
      ['a"', ',"b'],
    ] as const
    for (const [group, name] of names) expect(flights.join(group, name, never, clock).joined).toBe(false)
  })

  it('are no longer joined once they have ended', async () => {
    const { join } = createBench()
    await join(() => Promise.resolve('token')).result
    expect(join(never).joined).toBe(false)
  })

  it('show all that join when they were started', async () => {
    const { clock, join } = createBench()
    join(never)
    await clock.advance(20_000)
    expect(join(never)).toMatchObject({ joined: true, since: 0 })
  })

  it.each([50, 1000, 60_000])('give a result after %d ms soon, for few looks', async (ms) => {
    const { clock, flights, join, after } = createBench()
    join(after(ms))
    let looks = 0
    const counting = { ...clock, sleep: (pauseMs: number) => ((looks += 1), clock.sleep(pauseMs)) }
    const { result } = flights.join('session', 'key', never, counting)
    const landedAt = result.then(() => clock.elapsed())
    await clock.advance(ms * 2)

    expect(await landedAt).toBeLessThanOrEqual(ms + Math.min(4 + ms / 10, 250))
    expect(looks).toBeLessThan(300)
  })
})

describe('a flight whose request is alive', () => {
  it('is never started again, however long it takes', async () => {
    const { clock, join, after } = createBench()
    join(after(60_000))
    const again = vi.fn(never)
    const results = Array.from({ length: 4 }, () => join(again).result)
    await clock.advance(30_000)
    results.push(join(again).result)
    await clock.advance(30_500)

    expect(new Set(await Promise.all(results))).toEqual(new Set(['token after 60000']))
    expect(again).not.toHaveBeenCalled()
  })

  it('is not started again after the isolate was stopped', async () => {
    const { clock, flights, after } = createBench()
    let stoodStillMs = 0
    const late = { ...clock, elapsed: () => clock.elapsed() + stoodStillMs }
    flights.join('session', 'key', after(1000), late)
    const again = vi.fn(never)
    const { result } = flights.join('session', 'key', again, late)
    await clock.advance(100)
    stoodStillMs = 10_000
    await clock.advance(1300)

    expect(await result).toBe('token after 1000')
    expect(again).not.toHaveBeenCalled()
  })
})

describe('a flight whose request was cut off', () => {
  it('is started again by a caller that waits', async () => {
    const { clock, request, join } = createBench()
    const owner = request()
    owner.join(never)
    await clock.advance(5000)

    const { result } = join(() => Promise.resolve('token'))
    owner.cutOff()
    await clock.advance(2500)

    expect(await result).toBe('token')
  })

  it('is started again immediately if that was long ago, also for callers that still wait', async () => {
    const { clock, request, join } = createBench()
    const [owner, waiting] = [request(), request()]
    owner.join(never)
    const { result } = waiting.join(never)
    owner.cutOff()
    await clock.advance(1400)

    await clock.advance(150)
    const next = join(() => Promise.resolve('token'))
    await clock.advance(500)

    expect([next.joined, next.since]).toEqual([false, 1550])
    expect(await Promise.all([next.result, result])).toEqual(['token', 'token'])
  })

  it('is started again by one of all that joined, as often as a request is cut off', async () => {
    const { clock, request } = createBench()
    const cutOff = 2
    let starts = 0
    const landed: string[] = []
    for (let i = 0; i < 21; i++) {
      const { join, cutOff: end } = request()
      const start = () => {
        if (++starts > 1 + cutOff) return Promise.resolve('token')
        end()
        return never()
      }
      void join(start).result.then((token) => landed.push(token))
    }
    await clock.advance(2000)
    expect(starts).toBe(2)
    await clock.advance(6000)

    expect(starts).toBe(2 + cutOff)
    expect(landed).toHaveLength(20 - cutOff)
  })

  it('lands for all if its request was only silent and lands after all', async () => {
    const { clock, flights, join } = createBench()
    const silent = { ...clock, sleep: never as unknown as typeof clock.sleep }
    void flights.join('session', 'key', () => clock.sleep(2000).then(() => 'token'), silent)
    const landed: string[] = []
    for (let i = 0; i < 20; i++) void join(never).result.then((token) => landed.push(token))
    await clock.advance(2300)

    expect(landed).toHaveLength(19)
  })
})
