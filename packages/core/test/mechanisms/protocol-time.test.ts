import { describe, expect, it } from 'vitest'
import { createProtocolBench, NOW, refresh, type ProtocolBench } from './protocol-bench.ts'

/** A server whose clock is ahead of this machine by so many seconds; `undefined` if it sends no `Date`. */
function createDatedBench(
  aheadSeconds: number | undefined,
  headers: Record<string, string> = {},
): ProtocolBench {
  const bench: ProtocolBench = createProtocolBench({
    async fetch(url, init) {
      const response = await bench.server.fetch(url, init)
      response.headers.delete('date')
      if (aheadSeconds === undefined) return response
      const date = new Date((bench.clock.now() + aheadSeconds) * 1000).toUTCString()
      for (const [name, value] of Object.entries({ date, ...headers })) response.headers.set(name, value)
      return response
    },
  })
  return bench
}

describe("the server's clock", () => {
  it.each([0, 240, -240, 590])(
    'is %d s ahead: tokens are dated by it, and the response has its Date',
    async (ahead) => {
      const bench = createDatedBench(ahead)
      const answer = await refresh(bench)
      const obtainedAt = NOW + ahead + 0.5
      expect(answer).toMatchObject({
        kind: 'refreshed',
        date: NOW + ahead,
        grant: { accessToken: { obtainedAt, expiresAt: obtainedAt + 300, ahead: ahead + 0.5 } },
      })
      expect(bench.serverClock.read().server).toBe(obtainedAt)
    },
  )

  it('does not matter to a server that sends no Date', async () => {
    const bench = createDatedBench(undefined)
    const answer = await refresh(bench)
    expect(answer).toMatchObject({ grant: { accessToken: { obtainedAt: NOW, expiresAt: NOW + 300 } } })
    expect(answer).not.toHaveProperty('grant.accessToken.ahead')
    expect(bench.serverClock.read().server).toBeUndefined()
  })

  it('is not learned from a response with an Age, which a cache has stored', async () => {
    const bench = createDatedBench(240, { age: '30' })
    await refresh(bench)
    expect(bench.serverClock.read().server).toBeUndefined()
  })
})

describe('isResponding', () => {
  it.each([200, 404, 500])('is true for a response with the status %d', async (status) => {
    const { protocol, server } = createProtocolBench()
    await protocol.ready()
    server.script('discovery', { type: 'status', status })
    expect(await protocol.isResponding()).toBe(true)
    expect([server.counts.discovery, server.counts.refresh]).toEqual([2, 0])
  })

  it('is false without a response, and never throws', async () => {
    let isDown = false
    const bench: ProtocolBench = createProtocolBench({
      fetch: () => (isDown ? Promise.reject(new TypeError('fetch failed')) : undefined),
    })
    isDown = true
    expect(await bench.protocol.isResponding()).toBe(false)
    isDown = false
    await bench.clock.advance(2000)
    await bench.protocol.ready()
    isDown = true
    expect(await bench.protocol.isResponding()).toBe(false)
  })
})
