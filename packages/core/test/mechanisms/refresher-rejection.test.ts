import { describe, expect, it } from 'vitest'
import type { TokenLedger } from '../../src/model/token-ledger.ts'
import type { RefreshResult } from '../../src/ports/authorization-server.ts'
import { createRefreshBench, granted, pass, type RefreshBench, SESSION } from './refresh-bench.ts'

const REJECTED: RefreshResult = { kind: 'rejected' }

/** Another process changes the ledger. */
async function change(bench: RefreshBench, changes: Partial<TokenLedger>): Promise<void> {
  const snapshot = await bench.cell.readIgnoringExpiry()
  if (snapshot) await bench.cell.swapLedger(snapshot, { ...snapshot.record.ledger, ...changes })
}

describe('the server refuses the refresh token', () => {
  it('ends the session, without a loss to report', async () => {
    const bench = await createRefreshBench()
    const call = bench.ask(bench.process())
    ;(await bench.untilSent(1)).answer(REJECTED)
    expect(await call).toBe('session_ended')
    expect(bench.events).toEqual([{ type: 'session_ended', session: SESSION, reason: 'grant_rejected' }])
  })

  it('in a store that no other process shares: another process must have used it, so the event names the remedy', async () => {
    const bench = await createRefreshBench({ isStorePrivate: true })
    const call = bench.ask(bench.process())
    ;(await bench.untilSent(1)).answer(REJECTED)
    expect(await call).toBe('refresh_token_refused')
    expect(bench.eventsOf('refresh_token_lost')).toMatchObject([
      {
        session: SESSION,
        reason: 'used_elsewhere',
        hint: expect.stringContaining('set `store` to one that they share'),
      },
    ])
    expect(bench.eventsOf('session_ended')).toHaveLength(1)
  })

  it.each([true, false])(
    'after a lost response: that is the loss, store private: %s',
    async (isStorePrivate) => {
      const bench = await createRefreshBench({ isStorePrivate, ledger: { doubt: 'unknown' } })
      const call = bench.ask(bench.process())
      ;(await bench.untilSent(1)).answer(REJECTED)
      expect(await call).toBe('session_ended')
      const [event, ...others] = bench.eventsOf('refresh_token_lost')
      expect([event?.reason, event?.hint, others]).toEqual(['answer_lost', undefined, []])
    },
  )

  it.each([
    ['a later attempt', 2],
    ['the late response to an earlier attempt', 1],
  ])('which %s has replaced: reports the double use and serves the stored token', async (_name, attempt) => {
    const bench = await createRefreshBench()
    const call = bench.ask(bench.process())
    const request = await bench.untilSent(1)
    const now = bench.clock.now()
    const token = {
      value: 'at-other',
      type: 'Bearer',
      obtainedAt: now,
      expiresAt: now + 3600,
      attempt,
    } as const
    const origin = { from: 'hash of the first', attempt }
    const other = { attempt, refreshToken: 'rt-other', origin, tokens: { '': token }, lease: undefined }
    await change(bench, other)
    request.answer(REJECTED)
    expect(await call).toBe('at-other')
    expect(bench.eventsOf('refresh_token_lost')).toMatchObject([{ reason: 'used_twice' }])
    expect(await bench.record()).toMatchObject({
      refreshToken: 'rt-other',
      doubt: 'unknown',
      ended: undefined,
    })
  })

  it('while another process uses it: waits for that one and ends nothing', async () => {
    const bench = await createRefreshBench()
    void bench.ask(bench.process())
    const request = await bench.untilSent(1)
    await change(bench, { attempt: 2, lease: { attempt: 2, holder: 'another', beat: 0 } })
    request.answer(REJECTED)
    await pass(bench, 1000)
    expect(await bench.record()).toMatchObject({ ended: undefined, refreshToken: 'rt' })
    expect(bench.events).toEqual([])
  })

  it('and the session has ended in the meantime: that is its end', async () => {
    const bench = await createRefreshBench()
    const call = bench.ask(bench.process())
    const request = await bench.untilSent(1)
    await bench.cell.end('signed_out')
    request.answer(REJECTED)
    expect(await call).toBe('no_session')
    expect((await bench.record()).ended).toBe('signed_out')
  })
})

describe('the server refuses the refresh token for a request with parameters', () => {
  const request = { resource: 'https://k.test' }
  const askFor = (bench: RefreshBench, key = 'k') => bench.ask(bench.process(), { key, request })

  it.each(['strict', 'tolerant'] as const)(
    'the plain refresh succeeds, so the session lives and only this API needs a sign-in: %s',
    async (reuse) => {
      const bench = await createRefreshBench({ reuse })
      const call = askFor(bench)
      ;(await bench.untilSent(1)).answer(REJECTED)
      ;(await bench.untilSent(2)).answer(granted(bench, 'plain'))
      expect(await call).toBe('login_required')
      expect(bench.sent.map(({ parameters }) => parameters)).toEqual([request, {}])
      expect(await bench.record()).toMatchObject({
        refreshToken: 'rt-plain',
        doubt: undefined,
        ended: undefined,
      })
      expect(await bench.ask(bench.process())).toBe('at-plain')
      expect(await askFor(bench)).toBe('login_required')
      expect(bench.sent).toHaveLength(2)
      expect(bench.events.map(({ type }) => type)).toEqual(['refresh_failed', 'token_refreshed'])
    },
  )

  it('is tried even if the token of the sign-in is current, because that proves nothing', async () => {
    const bench = await createRefreshBench()
    const obtainedAt = bench.clock.now()
    const token = { value: 'at', type: 'Bearer', obtainedAt, expiresAt: obtainedAt + 3600, attempt: 0 }
    await change(bench, { tokens: { '': token } })
    const call = askFor(bench)
    ;(await bench.untilSent(1)).answer(REJECTED)
    ;(await bench.untilSent(2)).answer(REJECTED)
    expect(await call).toBe('session_ended')
  })

  it('the plain refresh is refused too, so the session ends after two requests', async () => {
    const bench = await createRefreshBench()
    const call = askFor(bench)
    ;(await bench.untilSent(1)).answer(REJECTED)
    ;(await bench.untilSent(2)).answer(REJECTED)
    expect(await call).toBe('session_ended')
    expect(bench.sent).toHaveLength(2)
    expect(bench.eventsOf('session_ended')).toEqual([
      { type: 'session_ended', session: SESSION, reason: 'grant_rejected' },
    ])
  })

  it('the plain refresh fails: the session is kept, and the API is not asked again during its pause', async () => {
    const bench = await createRefreshBench()
    const call = askFor(bench)
    ;(await bench.untilSent(1)).answer(REJECTED)
    ;(await bench.untilSent(2)).answer({ kind: 'ambiguous', cause: { name: 'E' } })
    expect(await call).toBe('refresh_outcome_unknown')
    expect(await bench.record()).toMatchObject({ refreshToken: 'rt', ended: undefined })
    await pass(bench, 5000, 500)
    expect(await askFor(bench)).toBe('login_required')
    expect(bench.sent).toHaveLength(2)
  })

  it.each(['strict', 'tolerant'] as const)(
    'after a lost response, the refresh token may still be valid, so the plain refresh is tried: %s',
    async (reuse) => {
      const bench = await createRefreshBench({ reuse, ledger: { doubt: 'unknown' } })
      const call = askFor(bench)
      ;(await bench.untilSent(1)).answer(REJECTED)
      ;(await bench.untilSent(2)).answer(granted(bench, 'plain'))
      expect(await call).toBe('login_required')
      expect(await bench.ask(bench.process())).toBe('at-plain')
      expect(bench.eventsOf('refresh_token_lost')).toEqual([])
    },
  )

  it('after a lost response, a strict server refuses the plain refresh too: the session ends', async () => {
    const bench = await createRefreshBench({ ledger: { doubt: 'unknown' } })
    const call = askFor(bench)
    for (const nth of [1, 2]) (await bench.untilSent(nth)).answer(REJECTED)
    expect(await call).toBe('session_ended')
    expect(bench.eventsOf('refresh_token_lost')).toMatchObject([{ reason: 'answer_lost' }])
  })

  it('after a lost response, another server refuses both: the session waits once, and tries both again', async () => {
    const bench = await createRefreshBench({ reuse: 'tolerant', ledger: { doubt: 'unknown' } })
    const first = askFor(bench)
    for (const nth of [1, 2]) (await bench.untilSent(nth)).answer(REJECTED)
    expect(await first).toBe('refresh_outcome_unknown')
    expect(await bench.record()).toMatchObject({ doubt: 'refused', ended: undefined })
    await pass(bench, 70_000, 1000)
    const second = askFor(bench)
    for (const nth of [3, 4]) (await bench.untilSent(nth)).answer(REJECTED)
    expect(await second).toBe('session_ended')
    expect(bench.sent.map(({ parameters }) => parameters)).toEqual([request, {}, request, {}])
  })

  it('the plain refresh succeeds, so the spare is not needed', async () => {
    const bench = await createRefreshBench({ reuse: 'tolerant', ledger: { spare: 'rt-spare' } })
    const call = askFor(bench)
    ;(await bench.untilSent(1)).answer(REJECTED)
    ;(await bench.untilSent(2)).answer(granted(bench, 'plain'))
    expect(await call).toBe('login_required')
    expect(bench.sent.map(({ refreshToken }) => refreshToken)).toEqual(['rt', 'rt'])
  })

  it('the plain refresh is refused too, so the spare is tried with the parameters', async () => {
    const bench = await createRefreshBench({ reuse: 'tolerant', ledger: { spare: 'rt-spare' } })
    const call = askFor(bench)
    for (const nth of [1, 2]) (await bench.untilSent(nth)).answer(REJECTED)
    ;(await bench.untilSent(3)).answer(granted(bench, 'k'))
    expect(await call).toBe('at-k')
    expect(bench.sent[2]).toMatchObject({ refreshToken: 'rt-spare', parameters: request })
  })

  it('another process is faster with the plain refresh: its result is used', async () => {
    const bench = await createRefreshBench()
    const call = askFor(bench)
    const first = await bench.untilSent(1)
    first.answer(REJECTED)
    const { lease } = await bench.record()
    await change(bench, { refreshToken: 'rt-other', lease: undefined, origin: { from: 'rt', attempt: 1 } })
    expect(lease).toBeDefined()
    await pass(bench, 100, 20)
    ;(await bench.untilSent(2)).answer(granted(bench, 'k'))
    expect(await call).toBe('at-k')
    expect(bench.sent[1]).toMatchObject({ refreshToken: 'rt-other', parameters: request })
  })
})

describe('the spare', () => {
  it.each(['tolerant', { graceSeconds: 30 }] as const)(
    'is tried once when the server is %j',
    async (reuse) => {
      const bench = await createRefreshBench({ reuse, ledger: { spare: 'rt-spare' } })
      const call = bench.ask(bench.process())
      ;(await bench.untilSent(1)).answer(REJECTED)
      const second = await bench.untilSent(2)
      expect(second.refreshToken).toBe('rt-spare')
      expect(await bench.record()).toMatchObject({ refreshToken: 'rt-spare', spare: undefined })
      second.answer(granted(bench, 'new'))
      expect(await call).toBe('at-new')
      expect((await bench.record()).spare).toBeUndefined()
    },
  )

  it('is not tried again: its rejection ends the session', async () => {
    const bench = await createRefreshBench({ reuse: 'tolerant', ledger: { spare: 'rt-spare' } })
    const call = bench.ask(bench.process())
    ;(await bench.untilSent(1)).answer(REJECTED)
    ;(await bench.untilSent(2)).answer(REJECTED)
    expect(await call).toBe('session_ended')
    expect(bench.sent).toHaveLength(2)
  })

  it('is never used on a strict server', async () => {
    const bench = await createRefreshBench({ ledger: { spare: 'rt-spare' } })
    const call = bench.ask(bench.process())
    ;(await bench.untilSent(1)).answer(REJECTED)
    expect(await call).toBe('session_ended')
    expect(bench.sent).toHaveLength(1)
  })

  it('goes at the next success', async () => {
    const bench = await createRefreshBench({ reuse: 'tolerant', ledger: { spare: 'rt-spare' } })
    const call = bench.ask(bench.process())
    ;(await bench.untilSent(1)).answer(granted(bench, 'new'))
    expect(await call).toBe('at-new')
    expect((await bench.record()).spare).toBeUndefined()
  })
})

describe('a new ID token for another user', () => {
  it('ends the session and revokes its tokens', async () => {
    const bench = await createRefreshBench()
    const call = bench.ask(bench.process())
    const request = await bench.untilSent(1)
    request.answer({ kind: 'subject_changed', grant: { refreshToken: 'rt-theirs' } })
    expect(await call).toBe('session_ended')
    await pass(bench, 100)
    expect(bench.revoked).toEqual(['rt-theirs'])
    expect(bench.eventsOf('session_ended')).toMatchObject([{ reason: 'subject_changed' }])
  })

  it('in a response that comes after another one has given the token: it is revoked as well', async () => {
    const bench = await createRefreshBench({ reuse: 'tolerant' })
    void bench.ask(bench.process())
    await bench.untilSent(1)
    await pass(bench, 10_200)
    bench.sent[1]?.answer(granted(bench, 'two'))
    await pass(bench, 200)
    bench.sent[0]?.answer({ kind: 'subject_changed', grant: { refreshToken: 'rt-theirs' } })
    await pass(bench, 200)
    expect(bench.revoked).toEqual(['rt-theirs'])
  })
})

describe('a session that ends while the responses of the store are lost', () => {
  /** The store loses the response to the swap that ends the session, and so many responses to reads after it. */
  async function endWithLoss(
    answer: RefreshResult,
    write: 'made' | 'not_made' | 'overtaken',
    lostReads: number,
  ) {
    let left = -1
    const bench = await createRefreshBench({
      tweak: ({ read, swap }) => ({
        async read(key) {
          if (left > 0) throw new Error(`lost, ${(left -= 1)} are left`)
          return read(key)
        },
        async swap(key, expected, record, expiresAt) {
          if (!record.includes('"ended"') || left === 0) return swap(key, expected, record, expiresAt)
          if (left === -1) {
            left = lostReads
            if (write === 'made') await swap(key, expected, record, expiresAt)
            const other = expected?.replace('"rt"', '"rt-other"') ?? ''
            if (write === 'overtaken') await swap(key, expected, other, expiresAt)
          }
          throw new Error('lost')
        },
      }),
    })
    const result = bench.ask(bench.process())
    ;(await bench.untilSent(1)).answer(answer)
    return { bench, result }
  }

  it.each([
    ['grant_rejected', 'made', REJECTED],
    ['grant_rejected', 'not_made', REJECTED],
    ['subject_changed', 'made', { kind: 'subject_changed', grant: {} }],
    ['subject_changed', 'not_made', { kind: 'subject_changed', grant: {} }],
  ] as const)('%s is reported once if the swap was %s', async (reason, write, answer) => {
    const { bench, result } = await endWithLoss(answer, write, 3)
    await pass(bench, 2000)
    expect(await result).toBe('session_ended')
    expect(bench.eventsOf('session_ended')).toMatchObject([{ reason }])
    expect((await bench.record()).ended).toBe(reason)
  })

  it('reports the end also if the store is down for longer than the process tries', async () => {
    const { bench, result } = await endWithLoss(REJECTED, 'made', Infinity)
    await pass(bench, 67_000, 250)
    expect(await result).toBe('refresh_pending')
    expect(bench.eventsOf('session_ended')).toMatchObject([{ reason: 'grant_rejected' }])
  })

  it('reports no end if another process was faster', async () => {
    const { bench } = await endWithLoss(REJECTED, 'overtaken', 1)
    await pass(bench, 2000)
    expect(await bench.record()).toMatchObject({ ended: undefined, refreshToken: 'rt-other' })
    expect(bench.eventsOf('session_ended')).toEqual([])
  })
})
