import { describe, expect, it } from 'vitest'
import { createServerClock, type ServerClock } from '../../src/mechanisms/protocol/server-clock.ts'
import type { Refresher, RefresherOptions } from '../../src/mechanisms/refresh/refresher.ts'
import type { Clock } from '../../src/ports/clock.ts'
import type { RefreshResult } from '../../src/ports/authorization-server.ts'
import { asleep } from './bench.ts'
import { createRefreshBench, granted, pass, SESSION } from './refresh-bench.ts'

const cause = { name: 'E' }
const NOT_PROCESSED: RefreshResult = { kind: 'not_processed', cause }
const RESET: RefreshResult = { kind: 'ambiguous', cause }

describe('a request that the server has not processed', () => {
  it('is sent again after 0.2 and 0.4 s, three times in total, and the lease is free in between', async () => {
    const bench = await createRefreshBench()
    const call = bench.ask(bench.process())
    for (let i = 1; i <= 3; i++) {
      ;(await bench.untilSent(i)).answer(NOT_PROCESSED)
      if (i === 3) break
      await pass(bench, 150, 50)
      expect((await bench.record()).lease).toBeUndefined()
    }
    expect(await call).toBe('authorization_server_unavailable')
    const [first = 0, second = 0, third = 0] = bench.sent.map(({ sentAt }) => sentAt)
    expect(second - first).toBeGreaterThanOrEqual(200)
    expect(third - second).toBeGreaterThanOrEqual(400)
    expect(await bench.record()).toMatchObject({ doubt: undefined, backOff: { seconds: 1 } })
  })

  it('has the code of the key service if the client secret was not available', async () => {
    const bench = await createRefreshBench()
    const noSecret: RefreshResult = { kind: 'not_processed', code: 'key_service_unavailable', cause }
    const call = bench.ask(bench.process())
    for (let i = 1; i <= 3; i++) (await bench.untilSent(i)).answer(noSecret)
    expect(await call).toBe('key_service_unavailable')
    expect(await bench.record()).toMatchObject({ refreshToken: 'rt', doubt: undefined, ended: undefined })
    // Callers during the pause get the same error.
    expect(await bench.ask(bench.process())).toBe('key_service_unavailable')
    expect(bench.eventsOf('refresh_failed')).toMatchObject([{ code: 'key_service_unavailable' }])
  })

  it('a pause after that has jitter', async () => {
    const bench = await createRefreshBench()
    const call = bench.ask(bench.process({ random: () => 1 }))
    ;(await bench.untilSent(1)).answer({ ...NOT_PROCESSED, retryAfterSeconds: 40 })
    expect(await call).toBe('authorization_server_unavailable')
    expect((await bench.record()).backOff).toMatchObject({ seconds: 50 })
  })

  it('during the pause, no caller of any process causes a request', async () => {
    const bench = await createRefreshBench()
    const call = bench.ask(bench.process())
    ;(await bench.untilSent(1)).answer({ ...NOT_PROCESSED, retryAfterSeconds: 40 })
    await call
    for (let i = 0; i < 4; i++) {
      expect(await bench.ask(bench.process())).toBe('authorization_server_unavailable')
      await pass(bench, 9000, 9000)
    }
    expect(bench.sent).toHaveLength(1)
  })

  it('the pause is the same for processes whose wall clocks differ, if they know the time of the server', async () => {
    const bench = await createRefreshBench()
    const [behind, ahead] = [-120, 120].map((skew) => bench.process(withSkew(bench.clock, skew))) as Processes
    const call = bench.ask(behind)
    ;(await bench.untilSent(1)).answer({ ...NOT_PROCESSED, retryAfterSeconds: 40 })
    await call
    for (let i = 0; i < 20; i++)
      for (const process of [ahead, behind]) {
        expect(await bench.ask(process)).toBe('authorization_server_unavailable')
        await pass(bench, 900, 900)
      }
    expect(bench.sent).toHaveLength(1)
    await pass(bench, 5000, 500)
    for (const [i, process] of [behind, ahead].entries()) {
      const next = bench.ask(process)
      ;(await bench.untilSent(2 + i)).answer({ ...NOT_PROCESSED, retryAfterSeconds: 10 })
      await next
      await pass(bench, 11_000, 500)
    }
  })
})

type Processes = [Refresher, Refresher]

/** A process whose wall clock is wrong, and who has seen a response of the server. */
function withSkew(clock: Clock, seconds: number): Pick<RefresherOptions, 'clock' | 'serverClock'> {
  const skewed = { ...clock, now: () => clock.now() + seconds }
  const request = () => Promise.resolve()
  const serverClock = createServerClock({ clock: skewed, emit: () => undefined, request })
  serverClock.observe(new Headers({ date: new Date(clock.now() * 1000).toUTCString() }), 1)
  return { clock: skewed, serverClock }
}

describe('a connection that is reset', () => {
  it.each([
    ['strict', 1],
    ['tolerant', 2],
    [{ graceSeconds: 30 }, 2],
  ] as const)('on a server that is %j: %d requests', async (reuse, sends) => {
    const bench = await createRefreshBench({ reuse })
    const call = bench.ask(bench.process())
    ;(await bench.untilSent(1)).answer(RESET)
    if (sends === 2) (await bench.untilSent(2)).answer(granted(bench, 'new'))
    expect(await call).toBe(sends === 2 ? 'at-new' : 'refresh_outcome_unknown')
    expect(bench.sent).toHaveLength(sends)
    expect((await bench.record()).doubt).toBe(sends === 2 ? undefined : 'unknown')
  })

  it('is not sent again in the second half of a grace period', async () => {
    const bench = await createRefreshBench({ reuse: { graceSeconds: 30 } })
    const call = bench.ask(bench.process())
    const request = await bench.untilSent(1)
    await pass(bench, 15_100, 500)
    request.answer(RESET)
    await pass(bench, 2000, 200)
    expect(await call).toBe('refresh_pending')
    expect(bench.sent).toHaveLength(1)
  })
})

describe('a refusal for an unknown reason', () => {
  const REFUSED: RefreshResult = { kind: 'refused', cause: { name: 'E', status: 400 } }

  it('means "later" twice. The third time, the user must sign in, and the session is kept', async () => {
    const bench = await createRefreshBench()
    const process = bench.process()
    const polls: string[] = []
    for (let poll = 1; poll <= 5; poll++) {
      const call = bench.ask(process)
      ;(await bench.untilSent(poll)).answer(REFUSED)
      polls.push(await call)
      await pass(bench, 100_000, 50_000)
    }
    const [later, signIn] = ['refresh_outcome_unknown', 'refresh_token_refused']
    expect(polls).toEqual([later, later, signIn, signIn, signIn])
    expect(await bench.record()).toMatchObject({ refreshToken: 'rt', ended: undefined })
    // The refresh token is tried again after each pause, so the session recovers with the server.
    const call = bench.ask(process)
    ;(await bench.untilSent(6)).answer(granted(bench, 'new'))
    expect(await call).toBe('at-new')
    expect((await bench.record()).backOff).toBeUndefined()
  })

  it('means "later" for a minute, because a gateway can return 404 for some seconds during a deploy', async () => {
    const bench = await createRefreshBench()
    for (let i = 1; i <= 5; i++) {
      const call = bench.ask(bench.process())
      ;(await bench.untilSent(i)).answer(REFUSED)
      expect(await call).toBe('refresh_outcome_unknown')
      await pass(bench, 10_000 * Math.max(1, i - 3), 500)
    }
    const call = bench.ask(bench.process())
    ;(await bench.untilSent(6)).answer(REFUSED)
    expect(await call).toBe('refresh_token_refused')
  })

  it('callers during the pause get the same answer, without a request', async () => {
    const bench = await createRefreshBench()
    for (let i = 1; i <= 3; i++) {
      const call = bench.ask(bench.process())
      ;(await bench.untilSent(i)).answer(REFUSED)
      await call
      if (i < 3) await pass(bench, 30_000, 5000)
    }
    expect(await bench.ask(bench.process())).toBe('refresh_token_refused')
    expect(bench.sent).toHaveLength(3)
  })
})

describe('a refusal that only the user can resolve', () => {
  const USER_MUST_ACT: RefreshResult = {
    kind: 'sign_in_required',
    cause: { name: 'E', error: 'interaction_required' },
  }

  it.each(['strict', 'tolerant'] as const)('needs one request on a server that is %s', async (reuse) => {
    const bench = await createRefreshBench({ reuse })
    const call = bench.ask(bench.process())
    ;(await bench.untilSent(1)).answer(USER_MUST_ACT)
    expect(await call).toBe('login_required')
    expect(await bench.ask(bench.process())).toBe('login_required')
    expect(bench.sent).toHaveLength(1)
    expect(await bench.record()).toMatchObject({ refreshToken: 'rt', ended: undefined, doubt: undefined })
    expect(bench.eventsOf('refresh_failed')).toMatchObject([{ code: 'login_required' }])
  })

  it('serves the access token until it expires', async () => {
    const bench = await createRefreshBench()
    const now = bench.clock.now()
    const token = {
      value: 'at',
      type: 'Bearer',
      obtainedAt: now - 3570,
      expiresAt: now + 30,
      attempt: 0,
    } as const
    const snapshot = await bench.cell.readIgnoringExpiry()
    if (snapshot) await bench.cell.swapLedger(snapshot, { ...snapshot.record.ledger, tokens: { '': token } })
    expect(await bench.ask(bench.process())).toBe('at')
    ;(await bench.untilSent(1)).answer(USER_MUST_ACT)
    await pass(bench, 500)
    expect(await bench.ask(bench.process())).toBe('at')
    expect(bench.sent).toHaveLength(1)
  })

  it('for the parameters of one API concerns only that API', async () => {
    const bench = await createRefreshBench()
    const process = bench.process()
    const call = bench.ask(process, { key: 'k', request: { resource: 'https://k.test' } })
    ;(await bench.untilSent(1)).answer(USER_MUST_ACT)
    expect(await call).toBe('login_required')
    const other = bench.ask(process)
    ;(await bench.untilSent(2)).answer(granted(bench, 'new'))
    expect(await other).toBe('at-new')
    // The success of another request proves nothing about this one.
    expect((await bench.record()).parameterBackOffs).toMatchObject({ k: { code: 'login_required' } })
  })
})

describe('parameters that the server refuses', () => {
  it.each<[string, RefreshResult]>([
    ['access_denied', { kind: 'sign_in_required', cause: { name: 'E', error: 'access_denied' } }],
    ['unauthorized_client', { kind: 'misconfigured', cause: { name: 'E', error: 'unauthorized_client' } }],
    ['an unknown error', { kind: 'refused', cause: { name: 'E', status: 403 } }],
  ])('%s: the tokens of other APIs are not affected', async (_what, answer) => {
    const bench = await createRefreshBench()
    const process = bench.process()
    const call = bench.ask(process, { key: 'k' })
    ;(await bench.untilSent(1)).answer(answer)
    await call
    const others = ['', 'l', 'm'].map((key) => bench.ask(process, { key }))
    for (const [i] of others.entries()) (await bench.untilSent(2 + i)).answer(granted(bench, `${i}`))
    expect(await Promise.all(others)).toEqual(['at-0', 'at-1', 'at-2'])
  })

  it('back off for their token key, and not for others', async () => {
    const bench = await createRefreshBench()
    const process = bench.process()
    const call = bench.ask(process, { key: 'k' })
    const refused = { kind: 'misconfigured', cause: { name: 'E', error: 'invalid_target' } } as const
    ;(await bench.untilSent(1)).answer(refused)
    expect(await call).toBe('client_rejected')
    expect(await bench.ask(process, { key: 'k' })).toBe('client_rejected')
    expect(bench.sent).toHaveLength(1)
    const other = bench.ask(process)
    ;(await bench.untilSent(2)).answer(granted(bench, 'new'))
    expect(await other).toBe('at-new')
  })
})

it('a process that shuts down starts no refresh, and serves the tokens that work', async () => {
  const bench = await createRefreshBench()
  const process = bench.process({ admits: () => false })
  expect(await bench.ask(process)).toBe('draining')
  expect(bench.sent).toEqual([])
})

describe('the time of the server', () => {
  /** A clock that is 10 minutes behind that of the server, as is the one of the token's writer. */
  async function createClockBench(requestMs: number) {
    const bench = await createRefreshBench()
    const { clock } = bench
    const now = clock.now()
    const token = {
      value: 'at-old',
      type: 'Bearer',
      obtainedAt: now - 3300,
      expiresAt: now + 300,
      attempt: 0,
    } as const
    const snapshot = await bench.cell.readIgnoringExpiry()
    if (snapshot)
      await bench.cell.swapLedger(snapshot, {
        ...snapshot.record.ledger,
        tokens: { '': { ...token, ahead: 0 } },
      })
    let requests = 0
    const serverClock: ServerClock = createServerClock({
      clock,
      emit: () => undefined,
      async request() {
        requests++
        await clock.sleep(requestMs)
        const date = new Date((clock.now() + 590) * 1000).toUTCString()
        serverClock.observe(new Headers({ date }), requestMs)
      },
    })
    return { bench, process: bench.process({ serverClock }), requests: () => requests }
  }

  it('is asked for before a token is served that may have expired, so that no dead token is sent', async () => {
    const { bench, process, requests } = await createClockBench(100)
    const call = bench.ask(process)
    await asleep(bench.clock, call)
    ;(await bench.untilSent(1)).answer(granted(bench, 'new'))
    expect(await call).toBe('at-new')
    expect(requests()).toBe(1)
  })

  it('is awaited for 2 s at most', async () => {
    const { bench, process } = await createClockBench(60_000)
    const call = bench.ask(process)
    await pass(bench, 2000)
    expect(await call).toBe('at-old')
  })
})

it('events name the session by its fingerprint', async () => {
  const bench = await createRefreshBench()
  const call = bench.ask(bench.process())
  ;(await bench.untilSent(1)).answer(granted(bench, 'new'))
  await call
  expect(bench.events).toEqual([
    { type: 'token_refreshed', session: SESSION, durationMs: expect.any(Number) },
  ])
})
