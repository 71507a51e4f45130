import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type AuthorizationServerOptions,
  createAuthorizationServer,
  createManualClock,
} from '../../src/index.ts'
import { createCapacity } from '../../src/authorization-server/capacity.ts'
import { refresh } from './requests.ts'

async function startServer(options: AuthorizationServerOptions, sessions = 1) {
  const clock = createManualClock()
  const server = createAuthorizationServer({ clock, ...options })
  const issued = Array.from({ length: sessions }, (_, i) => server.issue({ sub: `user-${i}`, scope: 'read' }))
  const tokens = (await Promise.all(issued)).map(({ refresh_token = '' }) => refresh_token)
  return { clock, server, tokens, send: (i = 0) => refresh(server, tokens[i]) }
}

const arrivals = fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 1, maxLength: 12 })

describe('capacity', () => {
  it('never processes more than its number at a time, in order of arrival, and serves all', async () => {
    const concurrent = fc.integer({ min: 1, max: 4 })
    const processingMs = fc.integer({ min: 0, max: 20 })
    await fc.assert(
      fc.asyncProperty(arrivals, concurrent, processingMs, async (gaps, most, duration) => {
        const clock = createManualClock()
        const capacity = createCapacity({ concurrent: most }, clock)
        const finished: number[] = []
        let [running, mostRunning, arrivesAt] = [0, 0, 0]
        const all = gaps.map(async (gap, i) => {
          await clock.sleep((arrivesAt += gap))
          return capacity.run(async () => {
            running += 1
            mostRunning = Math.max(mostRunning, running)
            await clock.sleep(duration)
            running -= 1
            finished.push(i)
            return i
          })
        })
        await clock.advance(1000)
        expect(await Promise.all(all)).toEqual(gaps.map((_, i) => i))
        expect(finished).toEqual(gaps.map((_, i) => i))
        expect(capacity.load).toMatchObject({ processing: 0, waiting: 0 })
        expect(mostRunning).toBeLessThanOrEqual(most)
        expect(capacity.load.mostProcessing).toBe(mostRunning)
      }),
      { numRuns: 20 },
    )
  })

  it('turns away exactly the requests that find the queue full', async () => {
    const sizes = fc.record({
      concurrent: fc.integer({ min: 1, max: 4 }),
      queue: fc.integer({ min: 0, max: 4 }),
      requests: fc.integer({ min: 1, max: 12 }),
    })
    await fc.assert(
      fc.asyncProperty(sizes, async ({ concurrent, queue, requests }) => {
        const clock = createManualClock()
        const capacity = createCapacity({ concurrent, queue, processingMs: 10 }, clock)
        const all = Array.from({ length: requests }, async (_, i) => capacity.run(async () => i))
        await clock.advance(1000)
        const served = (await Promise.all(all)).filter((result) => result !== 'full')
        expect(served).toEqual(Array.from({ length: Math.min(requests, concurrent + queue) }, (_, i) => i))
      }),
      { numRuns: 20 },
    )
  })

  it('passes the slot on when the work fails', async () => {
    const capacity = createCapacity({ concurrent: 1 }, createManualClock())
    const failing = capacity.run(() => Promise.reject(new Error('failed')))
    const next = capacity.run(async () => 'served')
    await expect(failing).rejects.toThrow('failed')
    expect(await next).toBe('served')
  })

  it('takes its time for each request, on the clock of the server', async () => {
    const { clock, server, send } = await startServer({ capacity: { concurrent: 2, processingMs: 100 } }, 5)
    const finishedAt: number[] = []
    const all = [0, 1, 2, 3, 4].map(async (i) => {
      expect((await send(i)).status).toBe(200)
      finishedAt.push(clock.elapsed())
    })
    await clock.advance(50)
    expect(server.load).toEqual({
      processing: 2,
      waiting: 3,
      mostProcessing: 2,
      mostWaiting: 3,
      turnedAway: 0,
    })
    await clock.advance(250)
    await Promise.all(all)
    expect(finishedAt).toEqual([100, 100, 200, 200, 300])
  })

  it.each([
    [{}, 503, null],
    [{ beyond: 429, retryAfter: 0 }, 429, '0'],
    [{ retryAfter: { dateInSeconds: -60 } }, 503, 'Fri, 15 Jan 2027 07:59:00 GMT'],
    [{ retryAfter: 'soon' }, 503, 'soon'],
  ] as const)('turns a request away with %o', async (options, status, retryAfter) => {
    const capacity = { concurrent: 1, queue: 0, processingMs: 10, ...options }
    const { clock, server, send } = await startServer({ capacity }, 2)
    const served = send(0)
    const response = await send(1)
    await clock.advance(10)
    expect((await served).status).toBe(200)
    expect([response.status, response.headers.get('retry-after')]).toEqual([status, retryAfter])
    expect(server.log.map(({ processed }) => processed)).toEqual([true, false])
    expect(server.load.turnedAway).toBe(1)
    expect((await Promise.all([send(1), clock.advance(10)]))[0].status).toBe(200)
  })

  it('processes a request that was aborted while it waited', async () => {
    const { clock, server, tokens, send } = await startServer(
      { capacity: { concurrent: 1, processingMs: 10 } },
      2,
    )
    const first = send(0)
    const controller = new AbortController()
    const second = refresh(server, tokens[1], {}, { init: { signal: controller.signal } })
    const failure = second.catch((error: unknown) => error)
    await clock.advance(5)
    expect(server.load.waiting).toBe(1)
    controller.abort()
    expect(await failure).toMatchObject({ name: 'AbortError' })
    await clock.advance(15)
    await first
    expect(server.grants.currentRefreshToken('user-1')).not.toBe(tokens[1])
  })

  it('limits nothing except the token endpoint', async () => {
    const { server } = await startServer({ capacity: { concurrent: 1, processingMs: 10 } })
    const response = await server.fetch(`${server.issuer}/.well-known/openid-configuration`)
    expect(response.status).toBe(200)
  })

  it.each([
    [{ concurrent: 0 }, /`capacity.concurrent` is 0.*at least 1/],
    [{ concurrent: 1.5 }, /`capacity.concurrent` is 1.5.*whole number/],
    [{ concurrent: 1, queue: -1 }, /`capacity.queue` is -1/],
    [{ concurrent: 1, processingMs: Number.NaN }, /`capacity.processingMs` is NaN/],
  ])('rejects %o', (capacity, message) => {
    expect(() => createAuthorizationServer({ capacity })).toThrow(message)
    expect(() => createAuthorizationServer({ capacity })).toThrow(RangeError)
  })
})

describe('rateLimit', () => {
  it('accepts a burst, and then its rate', async () => {
    const { clock, send } = await startServer({
      rateLimit: { perSecond: 10, burst: 3, retryAfter: 1 },
      reuse: 'tolerant',
    })
    const statuses = async (count: number) =>
      (await Promise.all(Array.from({ length: count }, () => send()))).map(({ status }) => status)
    expect(await statuses(5)).toEqual([200, 200, 200, 429, 429])
    await clock.advance(100)
    expect(await statuses(2)).toEqual([200, 429])
    clock.jump(3600)
    expect(await statuses(1)).toEqual([429])
    await clock.advance(60_000)
    expect(await statuses(4)).toEqual([200, 200, 200, 429])
    expect((await send()).headers.get('retry-after')).toBe('1')
  })

  it('never accepts more than the burst and the rate allow', async () => {
    const limits = fc.record({
      perSecond: fc.integer({ min: 1, max: 50 }),
      burst: fc.integer({ min: 1, max: 10 }),
    })
    await fc.assert(
      fc.asyncProperty(arrivals, limits, async (gaps, rateLimit) => {
        const { clock, send } = await startServer({ rateLimit, reuse: 'tolerant' })
        let accepted = 0
        for (const gap of gaps) {
          await clock.advance(gap)
          if ((await send()).status === 200) accepted += 1
          expect(accepted).toBeLessThanOrEqual(
            rateLimit.burst + (clock.elapsed() / 1000) * rateLimit.perSecond + 1e-6,
          )
        }
      }),
      { numRuns: 10 },
    )
  })

  it.each([
    [{ perSecond: -1 }, /`rateLimit.perSecond` is -1/],
    [{ perSecond: 1, burst: 0 }, /`rateLimit.burst` is 0/],
  ])('rejects %o', (rateLimit, message) => {
    expect(() => createAuthorizationServer({ rateLimit })).toThrow(message)
  })
})
