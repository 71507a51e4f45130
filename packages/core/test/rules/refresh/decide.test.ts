import { timeFor } from '../../../src/model/time-reading.ts'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  decide,
  type Decision,
  lapseSeconds,
  latestSendSeconds,
  type RefreshPolicy,
  type ReusePolicy,
} from '../../../src/rules/refresh/decide.ts'
import type { LedgerRecord, TokenLedger } from '../../../src/model/token-ledger.ts'
import type { StoredToken } from '../../../src/model/stored-tokens.ts'
import { NOW, reading, session } from '../arbitraries.ts'

const TIMES = { refreshBeforeExpirySeconds: 60, serveDuringRefresh: true }
const policy: RefreshPolicy = { consumes: 'refresh_token', reuse: 'strict', ...TIMES }
const patient: RefreshPolicy = { ...policy, serveDuringRefresh: false }
const lease = { attempt: 3, holder: 'another', beat: 0 }
const AT = { wall: NOW }
const unknown = { until: NOW, seconds: 60, failures: 1, code: 'refresh_outcome_unknown' } as const

/** A token of 1000 seconds that has so many left. */
function token(left: number): StoredToken {
  return { value: 'at', type: 'Bearer', obtainedAt: NOW + left - 1000, expiresAt: NOW + left, attempt: 0 }
}

type Changes = Partial<TokenLedger & Pick<LedgerRecord, 'id' | 'expiresAt' | 'ended'>>

function record(left: number | undefined, changes: Changes = {}): LedgerRecord {
  const tokens = left === undefined ? {} : { '': token(left) }
  const { id = 'id', expiresAt = NOW + 9999, ended, ...ledger } = changes
  return {
    id,
    expiresAt,
    ...(ended && { ended }),
    ledger: { refreshToken: 'rt', tokens, attempt: 3, ...ledger },
  }
}

function serve(left: number, refresh: boolean): Decision {
  return { do: 'serve', token: token(left), refresh }
}

const withoutGrant = record(20, { refreshToken: undefined })
const expiredWithoutGrant = record(0, { refreshToken: undefined })
const refresh: Decision = { do: 'refresh' }

describe('decide', () => {
  it.each<[string, LedgerRecord | undefined, Decision, Decision?]>([
    // what, the record, the decision, the decision where nothing may be served during a refresh
    ['no session', undefined, { do: 'sign_in', code: 'no_session' }],
    ['an ended session', record(500, { ended: 'signed_out' }), { do: 'sign_in', code: 'session_ended' }],
    ['a session at its end', record(500, { expiresAt: NOW }), { do: 'sign_in', code: 'session_ended' }],
    ['a session just before', record(500, { expiresAt: NOW + 0.1 }), serve(500, false)],
    ['a fresh token', record(500), serve(500, false)],
    ['a fresh token and a lease', record(500, { lease }), serve(500, false)],
    ['a soft token', record(20), serve(20, true), refresh],
    ['a soft token and a lease', record(20, { lease }), serve(20, false), { do: 'wait' }],
    ['a soft token, no refresh token', withoutGrant, serve(20, false)],
    ['a soft token in a back-off', record(20, { backOff: { ...unknown, until: NOW + 9 } }), serve(20, false)],
    ['an expired token', record(5), refresh],
    ['an expired token and a lease', record(5, { lease }), { do: 'wait' }],
    ['an expired token, no refresh token', expiredWithoutGrant, { do: 'sign_in', code: 'no_refresh_token' }],
    ['no token of this key', record(undefined), refresh],
    ['no token of this key and a lease', record(undefined, { lease }), { do: 'wait' }],
  ])('%s', (_what, seen, expected, expectedWithoutServing = expected) => {
    expect(decide(seen, { key: '' }, AT, policy)).toEqual(expected)
    expect(decide(seen, { key: '' }, AT, patient)).toEqual(expectedWithoutServing)
  })

  it.each(['lapsed', 'mine'] as const)('refreshes in spite of a lease that is %s', (state) => {
    expect(decide(record(0, { lease }), { key: '' }, AT, policy, state)).toEqual(refresh)
  })

  it('serves the token of the wanted key and no other', () => {
    const seen = record(500, { tokens: { '': token(500), other: { ...token(500), value: 'of other' } } })
    expect(decide(seen, { key: 'other' }, AT, policy)).toMatchObject({ token: { value: 'of other' } })
    expect(decide(seen, { key: 'missing' }, AT, policy)).toEqual(refresh)
  })

  it.each([
    [0.5, { do: 'fail', code: 'client_rejected', seconds: 0.5 }],
    [300, { do: 'fail', code: 'client_rejected', seconds: 300 }],
    [305, { do: 'fail', code: 'client_rejected', seconds: 305 }],
    [305.5, refresh],
    [86_400, refresh],
    [0, refresh],
    [-5, refresh],
  ])('obeys a back-off that lasts %d s more, if a right clock can have written it', (seconds, expected) => {
    const backOff = { until: NOW + seconds, seconds: 300, failures: 1, code: 'client_rejected' } as const
    expect(decide(record(0, { backOff, lease }), { key: '' }, AT, policy, 'lapsed')).toEqual(expected)
  })

  it.each<[ReusePolicy, boolean]>([
    ['strict', false],
    ['tolerant', true],
    [{ graceSeconds: 30 }, true],
  ])(
    'if the refresh token may have been used, %j: refreshes although the access token works: %s',
    (reuse, expected) => {
      const rules: RefreshPolicy = { ...policy, reuse }
      expect(decide(record(20, { doubt: 'unknown' }), { key: '' }, AT, rules)).toEqual(serve(20, expected))
      expect(decide(record(20, { lease }), { key: '' }, AT, rules, 'lapsed')).toEqual(serve(20, expected))
      expect(decide(record(20, { lease }), { key: '' }, AT, rules, 'mine')).toEqual(serve(20, true))
      expect(decide(record(20), { key: '' }, AT, rules, 'lapsed')).toEqual(serve(20, true))
      expect(decide(record(0, { doubt: 'unknown' }), { key: '' }, AT, rules)).toEqual(refresh)
      expect(decide(record(0, { lease }), { key: '' }, AT, rules, 'lapsed')).toEqual(refresh)
    },
  )

  it.each([
    ['doubt', record(20, { doubt: 'unknown' })],
    ['a lapsed lease', record(20, { lease })],
  ])('with %s, a strict server is not asked while the access token works, in any setup', (_what, seen) => {
    expect(decide(seen, { key: '' }, AT, patient, 'lapsed')).toEqual(serve(20, false))
  })

  it.each([
    // lifetime, age, predecessors that were rejected, whether the rejected token is kept
    [1000, 0, undefined, false],
    [1000, 0, 1, false],
    [1000, 0, 2, true],
    [1000, 9.9, 2, true],
    [1000, 10, 2, false],
    [1000, 39.9, 3, true],
    [1000, 40, 3, false],
    [8, 3.9, 2, true],
    [8, 4, 2, false],
    [1000, -1, 2, true],
    [1000, -1, 1, false],
  ])(
    'a token of %d s is rejected at the age of %d s after %j others: kept: %s',
    (lifetime, age, rejections, kept) => {
      const times = { obtainedAt: NOW - age, expiresAt: NOW - age + lifetime }
      const young: StoredToken = { ...token(0), ...times, rejections }
      const decision = decide(record(0, { tokens: { '': young } }), { key: '', rejected: 'at' }, AT, policy)
      expect(decision).toEqual(kept ? { do: 'serve', token: young, refresh: false } : refresh)
      const other = decide(record(500), { key: '', rejected: 'an older one' }, AT, policy)
      expect(other).toEqual(serve(500, false))
    },
  )

  it('never serves an expired token, and refreshes neither during a back-off nor over a lease that is live', () => {
    const state = fc.constantFrom('live' as const, 'lapsed' as const, 'mine' as const)
    const rejected = fc.option(fc.stringMatching(/^[a-z0-9]$/), { nil: undefined })
    fc.assert(
      fc.property(
        session,
        reading,
        state,
        rejected,
        fc.boolean(),
        (seen, at, leaseState, refused, serving) => {
          const rules: RefreshPolicy = { ...policy, serveDuringRefresh: serving }
          const next = decide(seen, { key: 'a', rejected: refused }, at, rules, leaseState)
          const alive = !seen.ended && at.wall < seen.expiresAt
          if (!alive) expect(next).toEqual({ do: 'sign_in', code: 'session_ended' })
          if (next.do === 'serve') expect(next.token.expiresAt).toBeGreaterThan(timeFor(next.token, at))
          if (next.do === 'wait') expect(seen.ledger.lease && leaseState).toBe('live')
          if (next.do === 'fail') expect(next.seconds).toBeGreaterThan(0)
          if (next.do === 'refresh' || (next.do === 'serve' && next.refresh)) {
            expect(seen.ledger.refreshToken).toBeDefined()
            expect(seen.ledger.lease && leaseState).not.toBe('live')
            for (const backOff of [seen.ledger.backOff, seen.ledger.parameterBackOffs?.['a']]) {
              const pause = (backOff?.until ?? 0) - at.wall
              expect(pause <= 0 || pause > (backOff?.seconds ?? 0)).toBe(true)
            }
          }
        },
      ),
      { numRuns: 500 },
    )
  })

  it('a back-off of one token key stops only the refreshes for that key', () => {
    const parameterBackOffs = { a: { ...unknown, until: NOW + 9 } }
    const seen = record(undefined, { parameterBackOffs })
    expect(decide(seen, { key: 'a' }, AT, policy)).toMatchObject({ do: 'fail', seconds: 9 })
    expect(decide(seen, { key: '' }, AT, policy)).toEqual(refresh)
  })

  it("judges a token by the server's clock, and session and back-off by the wall clock", () => {
    const tokens = { '': { ...token(500), ahead: 600 } }
    const ahead = { wall: NOW, server: NOW + 600 }
    expect(decide(record(0, { tokens }), { key: '' }, ahead, policy)).toEqual(refresh)
    expect(decide(record(0, { tokens }), { key: '' }, { wall: NOW - 600 }, policy)).toMatchObject({
      do: 'serve',
    })
    expect(decide(record(500, { expiresAt: NOW + 1 }), { key: '' }, ahead, policy)).toEqual(serve(500, false))
    const backOff = { ...unknown, until: NOW + 9 }
    expect(decide(record(0, { backOff }), { key: '' }, ahead, policy)).toMatchObject({ seconds: 9 })
  })
})

describe('decide, if a request uses up nothing', () => {
  const client: RefreshPolicy = { consumes: 'nothing', ...TIMES }
  const none = { refreshToken: undefined } as const

  it.each<[string, LedgerRecord, Decision]>([
    ['no token', record(undefined, none), refresh],
    ['a fresh token', record(500, none), serve(500, false)],
    ['a soft token', record(20, none), serve(20, true)],
    ['a soft token and a lapsed lease', record(20, { ...none, lease }), serve(20, true)],
    ['an expired token', record(5, none), refresh],
    ['a scope that was not granted', record(5, { ...none, scope: 'less' }), refresh],
  ])('%s: needs no refresh token', (_what, seen, expected) => {
    const wanted = { key: '', request: { scope: 'more' } }
    expect(decide(seen, wanted, AT, client, 'lapsed')).toEqual(expected)
  })

  it('a fleet asks once: a live lease is awaited', () => {
    expect(decide(record(5, { ...none, lease }), { key: '' }, AT, client)).toEqual({ do: 'wait' })
  })

  it('never requires a sign-in while the owner lives, whatever the ledger contains', () => {
    fc.assert(
      fc.property(session, reading, fc.constantFrom('live', 'lapsed', 'mine'), (seen, at, leaseState) => {
        const { ended: _ended, ...owner } = seen
        const alive = { ...owner, expiresAt: at.wall + 1 }
        const wanted = { key: 'a', request: { scope: 'any' } }
        expect(decide(alive, wanted, at, client, leaseState).do).not.toBe('sign_in')
        const { ledger } = alive
        const bare = { ...alive, ledger: { ...ledger, refreshToken: undefined, doubt: undefined } }
        // The refresh token and its state change nothing.
        expect(decide(bare, wanted, at, client, leaseState)).toEqual(
          decide(alive, wanted, at, client, leaseState),
        )
      }),
    )
  })
})

it.each<[ReusePolicy, number]>([
  ['strict', 20],
  ['tolerant', 8],
  [{ graceSeconds: 30 }, 8],
  [{ graceSeconds: 8.1 }, 8],
  [{ graceSeconds: 8 }, 20],
  [{ graceSeconds: 2 }, 20],
])(
  'lapseSeconds of %j: %d, which is less than a grace period unless that is as short as 8 s',
  (reuse, seconds) => {
    expect(lapseSeconds(reuse)).toBe(seconds)
  },
)

describe('a token from the future', () => {
  const written = { ...token(900), ahead: 3600, obtainedAt: NOW + 3600, expiresAt: NOW + 4600 }

  it('was written with a wrong date of the server, and is replaced', () => {
    const stored = record(undefined, { tokens: { '': written } })
    expect(decide(stored, { key: '' }, { wall: NOW, server: NOW }, policy).do).toBe('refresh')
  })

  it('is served while the clock of the server is not known', () => {
    const stored = record(undefined, { tokens: { '': written } })
    expect(decide(stored, { key: '' }, { wall: NOW }, policy).do).toBe('serve')
  })
})

describe('lapseSeconds with a slow store', () => {
  it.each<[ReusePolicy, number]>([
    ['strict', 25],
    ['tolerant', 13],
    [{ graceSeconds: 10 }, 9],
    [{ graceSeconds: 60 }, 13],
  ])('%j: leaves time for the store, and stays within the grace period', (reuse, seconds) => {
    expect(lapseSeconds(reuse, 10)).toBe(seconds)
  })

  const graces = [5, 8, 10, 30].map((graceSeconds) => ({ graceSeconds }))

  it.each([1, 5, 10, 30, 60])(
    'a store that takes almost %d s stops no refresh, unless the grace period is shorter',
    (store) => {
      for (const reuse of ['strict', 'tolerant', ...graces] as const) {
        const lapse = lapseSeconds(reuse, store)
        const latest = latestSendSeconds(reuse, lapse)
        if (typeof reuse === 'object' && reuse.graceSeconds > 8) {
          expect(latest >= store || reuse.graceSeconds <= store).toBe(true)
        } else {
          // A swap whose response is lost, and the read that confirms it.
          expect(latest).toBeGreaterThanOrEqual(2 * store)
        }
      }
    },
  )

  it.each(['strict', 'tolerant', ...graces] as const)(
    '%j: two requests with one refresh token come as close as they must',
    (reuse) => {
      for (const store of [1, 5, 10, 30, 60]) {
        const lapse = lapseSeconds(reuse, store)
        const latest = latestSendSeconds(reuse, lapse)
        const staysWithin = typeof reuse === 'object' && lapse + latest < reuse.graceSeconds
        expect(latest <= lapse - 2 || staysWithin || reuse === 'tolerant').toBe(true)
      }
    },
  )
})
