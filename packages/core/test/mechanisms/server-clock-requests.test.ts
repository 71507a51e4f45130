import { createManualClock } from '@evertoken/testkit'
import { describe, expect, it } from 'vitest'
import { createServerClock } from '../../src/mechanisms/protocol/server-clock.ts'
import { asleep, hangs } from './bench.ts'
import { createBlankServerClock, createServerClockBench } from './server-clock-bench.ts'

const NOW = 1_800_000_000

describe('sample', () => {
  it('asks once for all who want to know at the same time, and they all wait for it', async () => {
    const clock = createManualClock()
    let requests = 0
    const serverClock = createServerClock({
      clock,
      emit: () => undefined,
      async request() {
        requests++
        await clock.sleep(500)
        serverClock.observe(new Headers({ date: new Date(NOW * 1000).toUTCString() }), 500)
      },
    })
    const all = Array.from({ length: 20 }, async () => {
      await serverClock.sample()
      return serverClock.read().server !== undefined
    })
    await clock.advance(600)
    expect(await Promise.all(all)).toEqual(all.map(() => true))
    expect(requests).toBe(1)
  })

  it('lets the caller go after 2 s when the server is silent, and after that immediately', async () => {
    const clock = createManualClock()
    const serverClock = createServerClock({ clock, emit: () => undefined, request: hangs })
    const work = serverClock.sample()
    await asleep(clock, work)
    let isOver = false
    void work.then(() => (isOver = true))
    await clock.advance(1999)
    expect(isOver).toBe(false)
    await clock.advance(1)
    expect(isOver).toBe(true)
    await serverClock.sample()
    expect(clock.pending).toBe(0)
  })

  it('never rejects, and does not ask a server that fails again within 10 s', async () => {
    const clock = createManualClock()
    let requests = 0
    const request = () => Promise.reject(new Error(`down ${(requests += 1)}`))
    const serverClock = createServerClock({ clock, emit: () => undefined, request })
    for (let second = 0; second < 20; second++) {
      await serverClock.sample()
      await clock.advance(1000)
    }
    expect(requests).toBe(1)
    await serverClock.sample()
    expect(requests).toBe(2)
  })

  it('a server without a Date is asked less and less', async () => {
    const bench = createServerClockBench(() => undefined)
    for (let second = 0; second < HOUR; second += 10) {
      await bench.serverClock.sample()
      await bench.clock.advance(10_000)
    }
    expect(bench.requests()).toBeLessThanOrEqual(11)
  })
})

const HOUR = 3600

describe('startRequest: when a token request was sent', () => {
  it('is by the wall clock while the time of the server is not known', async () => {
    const clock = createManualClock()
    const sent = createBlankServerClock(clock).startRequest()
    await clock.advance(5000)
    expect(sent()).toEqual({ obtainedAt: NOW })
  })

  it("is by the server's clock, with the difference to the wall clock of this machine", async () => {
    const { clock, serverClock, see } = createServerClockBench()
    see(NOW + 240)
    const sent = serverClock.startRequest()
    await clock.advance(3000)
    expect(sent()).toEqual({ obtainedAt: NOW + 240.5, ahead: 240.5 })
  })

  it('uses what the response to that same request has shown', async () => {
    const { clock, serverClock, see } = createServerClockBench()
    const sent = serverClock.startRequest()
    await clock.advance(1000)
    see(NOW + 301, 1000)
    expect(sent()).toEqual({ obtainedAt: NOW + 300.5, ahead: 300.5 })
  })

  it('includes the time for which the machine was suspended during the request', async () => {
    const { clock, serverClock, see } = createServerClockBench()
    see(NOW)
    const sent = serverClock.startRequest()
    clock.jump(HOUR)
    await clock.advance(1000)
    expect(sent(NOW + HOUR + 1)).toEqual({ obtainedAt: NOW + 0.5, ahead: 0.5 })
    expect(sent().obtainedAt).toBeLessThanOrEqual(NOW + 0.5)
  })

  it('a wall clock that jumped during the request does not make the token live longer', async () => {
    const { clock, serverClock, see } = createServerClockBench()
    see(NOW)
    const sent = serverClock.startRequest()
    clock.jump(HOUR)
    await clock.advance(1000)
    expect(sent(NOW + 1).obtainedAt).toBeLessThanOrEqual(NOW + 0.5)
    expect(sent().obtainedAt).toBeLessThanOrEqual(NOW + 0.5)
  })

  it('a first response that is not believed yet dates its own token, never too late', async () => {
    const { clock, serverClock } = createServerClockBench()
    const sent = serverClock.startRequest()
    await clock.advance(4000)
    const { obtainedAt, ahead = 0 } = sent(NOW + HOUR)
    expect(obtainedAt).toBe(NOW + HOUR + 0.5 - 4)
    // Readers that do not know the time of the server must not think that it is earlier than it is.
    expect(clock.now() + ahead).toBe(NOW + HOUR + 0.5 + 4)
  })
})
