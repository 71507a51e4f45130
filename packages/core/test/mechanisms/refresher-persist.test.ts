import { describe, expect, it } from 'vitest'
import type { RefreshResult } from '../../src/ports/authorization-server.ts'
import type { SessionStore } from '../../src/ports/session-store.ts'
import type { ReusePolicy } from '../../src/rules/refresh/decide.ts'
import { withLedger } from '../../src/model/session-transitions.ts'
import { toTombstone } from '../../src/model/session-record.ts'
import { ConfigurationError } from '../../src/vocabulary/index.ts'
import { createRefreshBench, granted, pass, SESSION } from './refresh-bench.ts'

/** A store that fails while it is down. */
function createUnreliable(error: Error = new Error('down')) {
  const control = { isDown: false, failures: 0 }
  const fail = async () => {
    control.failures++
    throw error
  }
  const tweak = ({ read, swap }: SessionStore): Partial<SessionStore> => ({
    read: (key) => (control.isDown ? fail() : read(key)),
    swap: (...args) => (control.isDown ? fail() : swap(...args)),
  })
  return { control, tweak }
}

describe('storing the result of a refresh', () => {
  it.each([1000, 10_000, 45_000, 64_000])('survives an outage of the store of %d ms', async (ms) => {
    const { control, tweak } = createUnreliable()
    const bench = await createRefreshBench({ tweak })
    const process = bench.process()
    const call = bench.ask(process)
    const request = await bench.untilSent(1)
    control.isDown = true
    request.answer(granted(bench, 'new'))
    await pass(bench, ms, 250)
    control.isDown = false
    await pass(bench, 1500)
    expect(await call).toBe(ms < 10_000 ? 'at-new' : 'refresh_pending')
    expect(await bench.record()).toMatchObject({ refreshToken: 'rt-new', lease: undefined })
    expect(bench.eventsOf('refresh_token_lost')).toEqual([])
    expect(await bench.ask(process)).toBe('at-new')
  })

  it('ends after 65 s, with an event', async () => {
    const { control, tweak } = createUnreliable()
    const bench = await createRefreshBench({ tweak })
    void bench.ask(bench.process())
    const request = await bench.untilSent(1)
    control.isDown = true
    request.answer(granted(bench, 'new'))
    await pass(bench, 64_500, 250)
    expect(bench.eventsOf('refresh_token_lost')).toEqual([])
    await pass(bench, 2000, 250)
    const session = SESSION
    expect(bench.eventsOf('refresh_token_lost')).toEqual([
      { type: 'refresh_token_lost', session, reason: 'store_unavailable' },
    ])
  })

  it('is tried again after 0, 50, 100 ms and so on, up to once per second', async () => {
    const { control, tweak } = createUnreliable()
    const bench = await createRefreshBench({ tweak })
    void bench.ask(bench.process())
    const request = await bench.untilSent(1)
    const triedAt: number[] = []
    control.isDown = true
    request.answer(granted(bench, 'new'))
    let failures = 0
    control.failures = 0
    await pass(bench, 1, 1)
    for (let ms = 0; ms < 3600; ms += 50) {
      const now = control.failures
      if (now > failures) triedAt.push(ms)
      failures = now
      await pass(bench, 50)
    }
    expect(triedAt).toEqual([0, 50, 150, 350, 750, 1550, 2550, 3550])
  })

  it('is not tried again if the store can never hold it', async () => {
    const error = new ConfigurationError('session_too_large', 'The session is too large')
    const { control, tweak } = createUnreliable(error)
    const bench = await createRefreshBench({ tweak })
    const call = bench.ask(bench.process())
    const request = await bench.untilSent(1)
    control.isDown = true
    request.answer(granted(bench, 'new'))
    expect(await call).toBe('session_too_large')
    expect(bench.eventsOf('refresh_token_lost')).toMatchObject([{ reason: 'store_unavailable' }])
  })

  it('keeps a refresh token without a usable access token, and backs off', async () => {
    const bench = await createRefreshBench()
    const call = bench.ask(bench.process())
    ;(await bench.untilSent(1)).answer({ kind: 'refreshed', grant: { refreshToken: 'rt-new' } })
    expect(await call).toBe('token_response_malformed')
    const record = await bench.record()
    expect(record).toMatchObject({ refreshToken: 'rt-new', lease: undefined })
    expect(record.backOff).toMatchObject({ seconds: 1, code: 'token_response_malformed' })
  })

  it.each([
    ['the next attempt', 2],
    ['the same attempt, after a failover', 1],
  ])('leaves a doubt if another process has the lease, for %s', async (_which, attempt) => {
    const bench = await createRefreshBench()
    void bench.ask(bench.process())
    const request = await bench.untilSent(1)
    const snapshot = await bench.cell.readIgnoringExpiry()
    const lease = { attempt, holder: 'another', beat: 0 }
    if (snapshot) await bench.cell.swapLedger(snapshot, { ...snapshot.record.ledger, attempt, lease })
    request.answer(granted(bench, 'new'))
    await pass(bench, 100)
    expect(await bench.record()).toMatchObject({ refreshToken: 'rt-new', doubt: 'unknown' })
  })

  it.each(['signed_out', 'replaced'] as const)(
    'after the session was %s: revokes, unless the grant continues',
    async (reason) => {
      const bench = await createRefreshBench()
      const call = bench.ask(bench.process())
      const request = await bench.untilSent(1)
      await bench.cell.end(reason)
      request.answer(granted(bench, 'new'))
      expect(await call).toBe('session_ended')
      expect(bench.revoked).toEqual(reason === 'replaced' ? [] : ['rt-new'])
    },
  )
})

describe('a refresh token that is not stored, while the revocation endpoint fails', () => {
  it.each([
    ['in a session that has ended', (answer: RefreshResult) => answer],
    ['of another user', () => ({ kind: 'subject_changed', grant: { refreshToken: 'rt-new' } }) as const],
  ])('%s is revoked after 1, 4 and 16 s, and no caller waits', async (_whose, change) => {
    const outcomes = Array.from({ length: 3 }, () => 'failed' as const)
    const bench = await createRefreshBench({ revoke: () => outcomes.pop() })
    const call = bench.ask(bench.process())
    const request = await bench.untilSent(1)
    const answer = change(granted(bench, 'new'))
    if (answer.kind === 'refreshed') await bench.cell.end('signed_out')
    request.answer(answer)
    expect(await call).toBe('session_ended')
    expect(bench.revoked).toHaveLength(1)
    await pass(bench, 20_900)
    expect(bench.revoked).toHaveLength(3)
    await pass(bench, 200)
    expect(bench.eventsOf('refresh_token_revoked').map(({ outcome }) => outcome)).toEqual([
      'failed',
      'failed',
      'failed',
      'revoked',
    ])
  })
})

describe('a failover that loses the lease of a refresh', () => {
  /** Two processes have sent the same refresh token. */
  async function sendTwice(reuse: ReusePolicy) {
    const bench = await createRefreshBench({ reuse })
    const before = (await bench.cell.readIgnoringExpiry())?.record
    const first = bench.ask(bench.process())
    const granting = await bench.untilSent(1)
    const leased = await bench.cell.readIgnoringExpiry()
    if (before && leased) await bench.cell.swap(leased, before)
    const second = bench.ask(bench.process())
    const refusing = await bench.untilSent(2)
    return { bench, first, second, granting, refusing }
  }

  it.each(['strict', { graceSeconds: 10 }] as const)(
    'is reported by the process whose request succeeded after the session had ended (%j)',
    async (reuse) => {
      const { bench, first, second, granting, refusing } = await sendTwice(reuse)
      refusing.answer({ kind: 'rejected' })
      expect(await second).toBe('session_ended')
      granting.answer(granted(bench, 'new'))
      expect(await first).toBe('session_ended')
      expect(bench.eventsOf('refresh_token_lost')).toEqual([
        {
          type: 'refresh_token_lost',
          session: SESSION,
          reason: 'used_twice',
          hint: expect.stringContaining('failover'),
        },
      ])
      expect(bench.eventsOf('session_ended')).toMatchObject([{ reason: 'grant_rejected' }])
      expect(bench.revoked).toEqual(['rt-new'])
    },
  )

  it('is reported by the process that was refused if the other response came first', async () => {
    const { bench, first, granting, refusing } = await sendTwice('strict')
    granting.answer(granted(bench, 'new'))
    expect(await first).toBe('at-new')
    refusing.answer({ kind: 'rejected' })
    await pass(bench, 200)
    expect(bench.eventsOf('refresh_token_lost')).toMatchObject([{ reason: 'used_twice' }])
    expect(bench.eventsOf('session_ended')).toEqual([])
  })

  it('is not confused with a lease that another process took over, which reports the loss itself', async () => {
    const bench = await createRefreshBench()
    void bench.ask(bench.process())
    const request = await bench.untilSent(1)
    const leased = await bench.cell.readIgnoringExpiry()
    const later = leased && withLedger(leased.record, { ...leased.record.ledger, attempt: 2 })
    if (leased && later) await bench.cell.swap(leased, toTombstone(later, 'grant_rejected'))
    request.answer(granted(bench, 'new'))
    await pass(bench, 200)
    expect(bench.eventsOf('refresh_token_lost')).toEqual([])
    expect(bench.revoked).toEqual(['rt-new'])
  })
})
