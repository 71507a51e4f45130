import { describe, expect, it } from 'vitest'
import type { RefreshResult } from '../../src/ports/authorization-server.ts'
import { createRefreshBench, granted, pass, type RefreshBench } from './refresh-bench.ts'

const GRACE = { graceSeconds: 20 }
const REJECTED: RefreshResult = { kind: 'rejected' }

/** Starts a refresh that gets no response. */
async function start(bench: RefreshBench): Promise<{ readonly call: Promise<string> }> {
  const call = bench.ask(bench.process())
  await bench.untilSent(1)
  return { call }
}

describe('a request without a response is sent a second time', () => {
  it('never to a strict server', async () => {
    const bench = await createRefreshBench({ isResponding: () => Promise.resolve(true) })
    await start(bench)
    await pass(bench, 64_000, 1000)
    expect([bench.sent.length, bench.probes()]).toEqual([1, 0])
  })

  it('to a tolerant server at the request timeout, without a probe, three times in total', async () => {
    const bench = await createRefreshBench({ reuse: 'tolerant' })
    await start(bench)
    await pass(bench, 9900)
    expect(bench.sent).toHaveLength(1)
    await pass(bench, 300)
    expect(bench.sent).toHaveLength(2)
    await pass(bench, 40_000, 500)
    expect(bench.sent.map(({ refreshToken }) => refreshToken)).toEqual(['rt', 'rt', 'rt'])
    expect(bench.probes()).toBe(0)
  })

  it('within a grace period at the request timeout, if the server responds to a probe', async () => {
    const bench = await createRefreshBench({ reuse: GRACE, isResponding: () => Promise.resolve(true) })
    await start(bench)
    await pass(bench, 9900)
    expect(bench.sent).toHaveLength(1)
    await pass(bench, 300)
    expect([bench.sent.length, bench.probes()]).toEqual([2, 1])
    await pass(bench, 30_000, 500)
    expect(bench.sent).toHaveLength(2)
  })

  it('within a short grace period at half of it', async () => {
    const reuse = { graceSeconds: 12 }
    const bench = await createRefreshBench({ reuse, isResponding: () => Promise.resolve(true) })
    await start(bench)
    await pass(bench, 5900)
    expect(bench.sent).toHaveLength(1)
    await pass(bench, 300)
    expect(bench.sent).toHaveLength(2)
  })

  it('not within a grace period if the server is silent for all: it has probably not seen the first', async () => {
    const bench = await createRefreshBench({ reuse: GRACE })
    await start(bench)
    await pass(bench, 40_000, 500)
    expect(bench.sent).toHaveLength(1)
    expect(bench.probes()).toBeGreaterThan(0)
  })

  it('within a grace period without a probe, if the server has responded to a request that was sent later', async () => {
    const bench = await createRefreshBench({ reuse: GRACE })
    const process = bench.process()
    void bench.ask(process)
    await bench.untilSent(1)
    await pass(bench, 2000)
    const other = bench.askForAnother(process)
    ;(await bench.untilSent(2)).answer(granted(bench, 'other'))
    expect(await other).toBe('at-other')
    await pass(bench, 8200)
    expect([bench.sent.length, bench.probes()]).toEqual([3, 0])
  })

  it('not if another process has the lease by then', async () => {
    const bench = await createRefreshBench({ reuse: 'tolerant' })
    await start(bench)
    const snapshot = await bench.cell.readIgnoringExpiry()
    const lease = { attempt: 2, holder: 'another', beat: 0 }
    if (snapshot) await bench.cell.swapLedger(snapshot, { ...snapshot.record.ledger, attempt: 2, lease })
    await pass(bench, 30_000, 500)
    expect(bench.sent).toHaveLength(1)
  })
})

describe('two requests with the same refresh token', () => {
  async function startTwo() {
    const bench = await createRefreshBench({ reuse: 'tolerant' })
    const { call } = await start(bench)
    await pass(bench, 10_200)
    expect(bench.sent).toHaveLength(2)
    const [first, second] = bench.sent
    return { bench, call, first, second }
  }

  it('the first response gives the token, and the newer refresh token wins although it comes later', async () => {
    const { bench, first, second } = await startTwo()
    first?.answer(granted(bench, 'one'))
    await pass(bench, 200)
    expect(await bench.record()).toMatchObject({ refreshToken: 'rt-one', lease: undefined })
    second?.answer(granted(bench, 'two'))
    await pass(bench, 200)
    expect(await bench.record()).toMatchObject({ refreshToken: 'rt-two', spare: 'rt-one' })
    expect((await bench.record()).tokens['']?.value).toBe('at-two')
  })

  it('an older response that comes later brings only a spare', async () => {
    const { bench, first, second } = await startTwo()
    second?.answer(granted(bench, 'two'))
    await pass(bench, 200)
    first?.answer(granted(bench, 'one'))
    await pass(bench, 200)
    expect(await bench.record()).toMatchObject({ refreshToken: 'rt-two', spare: 'rt-one' })
    expect(bench.revoked).toEqual([])
  })

  it('the dates of the server decide before the number of the attempt', async () => {
    const { bench, first, second } = await startTwo()
    second?.answer(granted(bench, 'two', 100))
    await pass(bench, 200)
    first?.answer(granted(bench, 'one', 110))
    await pass(bench, 200)
    expect(await bench.record()).toMatchObject({ refreshToken: 'rt-one', spare: 'rt-two' })
  })

  it('a rejection of the second does not end the session while the first has no response', async () => {
    const { bench, first, second } = await startTwo()
    second?.answer(REJECTED)
    await pass(bench, 1000)
    expect(await bench.record()).toMatchObject({ refreshToken: 'rt', ended: undefined })
    expect(bench.sent).toHaveLength(2)
    first?.answer(granted(bench, 'one'))
    await pass(bench, 200)
    expect(await bench.record()).toMatchObject({ refreshToken: 'rt-one', ended: undefined })
  })

  it('two rejections, the late one of the first last, cause no immediate third request', async () => {
    const { bench, call, first, second } = await startTwo()
    second?.answer(REJECTED)
    await pass(bench, 1000)
    first?.answer(REJECTED)
    await pass(bench, 1000)
    expect(bench.sent).toHaveLength(2)
    expect(await call).toBe('refresh_pending')
  })

  it('a rejection of the first waits for the response to the second, and causes no third request', async () => {
    const { bench, first, second } = await startTwo()
    first?.answer(REJECTED)
    await pass(bench, 1000)
    expect(bench.sent).toHaveLength(2)
    second?.answer(granted(bench, 'two'))
    await pass(bench, 200)
    expect(await bench.record()).toMatchObject({ refreshToken: 'rt-two', ended: undefined })
  })

  it('end the session when both are rejected, after the time in which a response could still come', async () => {
    const { bench, first, second } = await startTwo()
    first?.answer(REJECTED)
    second?.answer(REJECTED)
    await pass(bench, 1000)
    for (const request of bench.sent.slice(2)) request.answer(REJECTED)
    await pass(bench, 1000)
    expect(await bench.record()).toMatchObject({ doubt: 'refused', ended: undefined })
    await pass(bench, 66_000, 1000)
    const next = bench.ask(bench.process())
    await pass(bench, 100)
    bench.sent.at(-1)?.answer(REJECTED)
    expect(await next).toBe('session_ended')
    expect(bench.eventsOf('refresh_token_lost')).toMatchObject([{ reason: 'answer_lost' }])
  })
})
