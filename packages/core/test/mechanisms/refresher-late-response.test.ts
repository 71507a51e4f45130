import { describe, expect, it } from 'vitest'
import type { Acquisition } from '../../src/ports/acquisition.ts'
import type { RefreshResult } from '../../src/ports/authorization-server.ts'
import { createRefreshBench, granted, pass, REQUEST_TIMEOUT_MS, SESSION } from './refresh-bench.ts'

const LOST: RefreshResult = { kind: 'ambiguous', cause: { name: 'TimeoutError' } }

describe('a response that is late', () => {
  it('rejects its callers after the request timeout, and is stored although no caller waits for it', async () => {
    const bench = await createRefreshBench()
    const process = bench.process()
    const call = bench.ask(process)
    const request = await bench.untilSent(1)
    await pass(bench, REQUEST_TIMEOUT_MS, 1000)
    expect(await call).toBe('refresh_pending')
    await pass(bench, 45_000, 1000)
    request.answer(granted(bench, 'late'))
    await pass(bench, 100)
    expect(await bench.record()).toMatchObject({ refreshToken: 'rt-late', lease: undefined })
    expect(await bench.ask(process)).toBe('at-late')
    expect(bench.sent).toHaveLength(1)
  })

  it('a caller who joins an overdue flight is not made to wait', async () => {
    const bench = await createRefreshBench()
    const process = bench.process()
    const first = bench.ask(process)
    await bench.untilSent(1)
    await pass(bench, REQUEST_TIMEOUT_MS, 1000)
    expect(await first).toBe('refresh_pending')
    const next = bench.ask(process)
    await pass(bench, 60, 20)
    expect(await next).toBe('refresh_pending')
    expect(bench.sent).toHaveLength(1)
  })

  it('a caller who joins a flight in time waits only for the rest of its time', async () => {
    const bench = await createRefreshBench()
    const process = bench.process()
    void bench.ask(process)
    await bench.untilSent(1)
    await pass(bench, 9000, 1000)
    const late = bench.ask(process)
    let result = ''
    void late.then((value) => (result = value))
    await pass(bench, 900)
    expect(result).toBe('')
    await pass(bench, 200)
    expect(result).toBe('refresh_pending')
  })

  it('a caller whose old token still works gets that one', async () => {
    const bench = await createRefreshBench({ policy: { serveDuringRefresh: false } })
    const now = bench.clock.now()
    const old = {
      value: 'at-old',
      type: 'Bearer',
      obtainedAt: now - 3560,
      expiresAt: now + 40,
      attempt: 0,
    } as const
    const snapshot = await bench.cell.readIgnoringExpiry()
    if (snapshot) await bench.cell.swapLedger(snapshot, { ...snapshot.record.ledger, tokens: { '': old } })
    const call = bench.ask(bench.process())
    await bench.untilSent(1)
    await pass(bench, REQUEST_TIMEOUT_MS, 1000)
    expect(await call).toBe('at-old')
  })
})

describe('beats', () => {
  it('a normal refresh writes the lease and the tokens, and no beat', async () => {
    let swaps = 0
    const bench = await createRefreshBench({
      tweak: ({ swap }) => ({
        swap: (...args) => {
          swaps++
          return swap(...args)
        },
      }),
    })
    swaps = 0
    const call = bench.ask(bench.process())
    const request = await bench.untilSent(1)
    await pass(bench, 1900)
    expect((await bench.record()).lease?.beat).toBe(0)
    request.answer(granted(bench, 'new'))
    expect(await call).toBe('at-new')
    await pass(bench, 10_000, 1000)
    expect(swaps).toBe(2)
  })

  it('come every 2 s while the response is late, so that no other process sends the refresh token', async () => {
    const bench = await createRefreshBench()
    void bench.ask(bench.process())
    const request = await bench.untilSent(1)
    const other = bench.ask(bench.process())
    await pass(bench, 2100)
    expect((await bench.record()).lease?.beat).toBe(1)
    await pass(bench, 30_000, 200)
    expect((await bench.record()).lease?.beat).toBeGreaterThanOrEqual(14)
    expect(await other).toBe('refresh_pending')
    expect(bench.sent).toHaveLength(1)
    request.answer(granted(bench, 'new'))
    await pass(bench, 500)
    expect(bench.eventsOf('lease_expired')).toEqual([])
  })

  it('continue after a failure of the store', async () => {
    let isDown = false
    const fail = () => Promise.reject(new Error('down'))
    const bench = await createRefreshBench({
      tweak: ({ read, swap }) => ({
        read: (key) => (isDown ? fail() : read(key)),
        swap: (...args) => (isDown ? fail() : swap(...args)),
      }),
    })
    void bench.ask(bench.process())
    await bench.untilSent(1)
    isDown = true
    await pass(bench, 5000)
    isDown = false
    await pass(bench, 4500)
    expect((await bench.record()).lease?.beat).toBe(2)
  })

  it('stop when the session has ended, and the late refresh token is revoked', async () => {
    const bench = await createRefreshBench()
    void bench.ask(bench.process())
    const request = await bench.untilSent(1)
    await bench.cell.end('signed_out')
    await pass(bench, 6000)
    expect((await bench.record()).ended).toBe('signed_out')
    request.answer(granted(bench, 'late'))
    await pass(bench, 200)
    expect(bench.revoked).toEqual(['rt-late'])
    expect((await bench.record()).refreshToken).toBeUndefined()
  })

  it('continue while a probe has no response: otherwise another process takes the lease over', async () => {
    const isResponding = () => new Promise<boolean>(() => undefined)
    const bench = await createRefreshBench({ reuse: { graceSeconds: 20 }, isResponding })
    void bench.ask(bench.process())
    await bench.untilSent(1)
    await pass(bench, 11_000)
    expect(bench.probes()).toBeGreaterThan(0)
    const { beat = 0 } = (await bench.record()).lease ?? {}
    await pass(bench, 5000)
    expect((await bench.record()).lease?.beat).toBeGreaterThan(beat)
  })
})

describe('a defect of the program in a request', () => {
  it('rejects the callers, and the lease ends, so that another process can send a request', async () => {
    const bench = await createRefreshBench()
    const policy = { consumes: 'refresh_token', reuse: 'strict' } as const
    const acquisition: Acquisition = {
      policy: { ...policy, refreshBeforeExpirySeconds: 60, serveDuringRefresh: true },
      ready: () => Promise.resolve(),
      acquire: () => Promise.reject(new TypeError('a defect')),
      isResponding: () => Promise.resolve(false),
    }
    expect(await bench.ask(bench.process({ acquisition }))).toBe('TypeError: a defect')
    const other = bench.ask(bench.process())
    await pass(bench, 60_000, 500)
    bench.sent[0]?.answer(granted(bench, 'new'))
    await pass(bench, 500)
    expect(bench.sent).toHaveLength(1)
    expect((await bench.record()).refreshToken).toBe('rt-new')
    expect(['at-new', 'refresh_pending']).toContain(await other)
  })
})

describe('a holder that is gone', () => {
  it.each([
    ['strict', 20_000],
    [{ graceSeconds: 30 }, 8000],
    ['tolerant', 8000],
  ] as const)(
    'on a server that is %j, another process takes over after %d ms without a beat',
    async (reuse, ms) => {
      const lease = { attempt: 1, holder: 'gone', beat: 0 }
      const bench = await createRefreshBench({ reuse, ledger: { lease, attempt: 1 } })
      const call = bench.ask(bench.process())
      await pass(bench, ms - 200)
      expect(bench.sent).toEqual([])
      await pass(bench, 600)
      expect(bench.sent).toHaveLength(1)
      expect(bench.eventsOf('lease_expired')).toEqual([{ type: 'lease_expired', session: SESSION }])
      expect((await bench.record()).doubt).toBe('unknown')
      bench.sent[0]?.answer(granted(bench, 'new'))
      await pass(bench, 100)
      expect(['at-new', 'refresh_pending']).toContain(await call)
      expect(await bench.record()).toMatchObject({ doubt: undefined, lease: undefined })
    },
  )
})

it('a response that never comes ends after its time, and the session is kept, in doubt', async () => {
  const bench = await createRefreshBench()
  const call = bench.ask(bench.process())
  const request = await bench.untilSent(1)
  await pass(bench, 65_000, 1000)
  expect(await call).toBe('refresh_pending')
  request.answer(LOST)
  await pass(bench, 200)
  const record = await bench.record()
  expect(record).toMatchObject({ refreshToken: 'rt', doubt: 'unknown', lease: undefined })
  expect(record.backOff).toMatchObject({ seconds: 1, code: 'refresh_outcome_unknown' })
  expect(bench.eventsOf('refresh_failed')).toHaveLength(1)
})
