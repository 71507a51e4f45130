import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decide, type Decision, type RefreshPolicy } from '../../src/rules/decide.ts'
import type { SessionRecord, StoredToken } from '../../src/rules/session-record.ts'
import { NOW, session, time } from './arbitraries.ts'

const policy: RefreshPolicy = { refreshBeforeExpiry: 60, reuse: 'strict', serveDuringRefresh: true }
const patient: RefreshPolicy = { ...policy, serveDuringRefresh: false }
const claim = { attempt: 3, by: 'another' }
const unknown = { until: NOW, seconds: 60, failures: 1, code: 'refresh_outcome_unknown' } as const

/** A token of 1000 seconds that has so many left. */
function token(left: number): StoredToken {
  return { value: 'at', type: 'Bearer', obtainedAt: NOW + left - 1000, expiresAt: NOW + left, attempt: 0 }
}

function record(left: number | undefined, changes: Partial<SessionRecord> = {}): SessionRecord {
  const tokens = left === undefined ? {} : { '': token(left) }
  const base = {
    id: 'id',
    issuer: '',
    generation: 1,
    expiresAt: NOW + 9999,
    touchedAt: NOW,
    claims: {},
    attempt: 3,
  }
  return { ...base, refreshToken: 'rt', tokens, ...changes }
}

function serve(left: number, refresh: boolean): Decision {
  return { do: 'serve', token: token(left), refresh }
}

const { refreshToken: _, ...withoutGrant } = record(20)
const { refreshToken: __, ...expiredWithoutGrant } = record(0)
const claimIt: Decision = { do: 'claim', refreshToken: 'rt' }

describe('decide', () => {
  it.each<[string, SessionRecord | undefined, Decision, Decision?]>([
    // what, the record, the decision, the decision where nothing may be served during a refresh
    ['no session', undefined, { do: 'sign_in', code: 'no_session' }],
    ['an ended session', record(500, { ended: 'signed_out' }), { do: 'sign_in', code: 'session_ended' }],
    ['a session at its end', record(500, { expiresAt: NOW }), { do: 'sign_in', code: 'session_ended' }],
    ['a session just before', record(500, { expiresAt: NOW + 0.1 }), serve(500, false)],
    ['a fresh token', record(500), serve(500, false)],
    ['a fresh token and a claim', record(500, { claim }), serve(500, false)],
    ['a soft token', record(20), serve(20, true), claimIt],
    ['a soft token and a claim', record(20, { claim }), serve(20, false), { do: 'wait' }],
    ['a soft token, no refresh token', withoutGrant, serve(20, false)],
    [
      'a soft token in a cool-down',
      record(20, { coolDown: { ...unknown, until: NOW + 9 } }),
      serve(20, false),
    ],
    ['an expired token', record(5), claimIt],
    ['an expired token and a claim', record(5, { claim }), { do: 'wait' }],
    ['an expired token, no refresh token', expiredWithoutGrant, { do: 'sign_in', code: 'no_refresh_token' }],
    ['no token of this key', record(undefined), claimIt],
    ['no token of this key and a claim', record(undefined, { claim }), { do: 'wait' }],
  ])('%s', (_what, seen, expected, expectedWithoutServing = expected) => {
    expect(decide(seen, { key: '' }, NOW, policy)).toEqual(expected)
    expect(decide(seen, { key: '' }, NOW, patient)).toEqual(expectedWithoutServing)
  })

  it.each(['lapsed', 'mine'] as const)('claims what is claimed already when that claim is %s', (state) => {
    expect(decide(record(0, { claim }), { key: '' }, NOW, policy, state)).toEqual(claimIt)
  })

  it('serves the token of the wanted key and no other', () => {
    const seen = record(500, { tokens: { '': token(500), other: { ...token(500), value: 'of other' } } })
    expect(decide(seen, { key: 'other' }, NOW, policy)).toMatchObject({ token: { value: 'of other' } })
    expect(decide(seen, { key: 'missing' }, NOW, policy)).toEqual(claimIt)
  })

  it.each([
    [0.5, { do: 'try_later', code: 'client_rejected', seconds: 0.5 }],
    [300, { do: 'try_later', code: 'client_rejected', seconds: 300 }],
    [300.5, claimIt],
    [86_400, claimIt],
    [0, claimIt],
    [-5, claimIt],
  ])('obeys a cool-down that lasts %d s more, if a right clock can have written it', (seconds, expected) => {
    const coolDown = { until: NOW + seconds, seconds: 300, failures: 1, code: 'client_rejected' } as const
    expect(decide(record(0, { coolDown, claim }), { key: '' }, NOW, policy, 'lapsed')).toEqual(expected)
  })

  it.each<[RefreshPolicy['reuse'], boolean]>([
    ['strict', false],
    ['tolerant', true],
    [{ graceSeconds: 30 }, true],
  ])('where a refresh token may be spent, %j: refreshes beside a token that works: %s', (reuse, expected) => {
    const rules = { ...policy, reuse }
    expect(decide(record(20, { inDoubt: true }), { key: '' }, NOW, rules)).toEqual(serve(20, expected))
    expect(decide(record(20, { claim }), { key: '' }, NOW, rules, 'lapsed')).toEqual(serve(20, expected))
    expect(decide(record(20, { claim }), { key: '' }, NOW, rules, 'mine')).toEqual(serve(20, true))
    expect(decide(record(20), { key: '' }, NOW, rules, 'lapsed')).toEqual(serve(20, true))
    expect(decide(record(0, { inDoubt: true }), { key: '' }, NOW, rules)).toEqual(claimIt)
    expect(decide(record(0, { claim }), { key: '' }, NOW, rules, 'lapsed')).toEqual(claimIt)
  })

  it.each([
    // lifetime, age, whether the rejected token is kept
    [1000, 0, true],
    [1000, 9.9, true],
    [1000, 10, false],
    [8, 3.9, true],
    [8, 4, false],
    [1000, -1, false],
  ])('a token of %d s rejected at the age of %d s is kept: %s', (lifetime, age, kept) => {
    const young: StoredToken = { ...token(0), obtainedAt: NOW - age, expiresAt: NOW - age + lifetime }
    const decision = decide(record(0, { tokens: { '': young } }), { key: '', rejected: 'at' }, NOW, policy)
    expect(decision).toEqual(kept ? { do: 'serve', token: young, refresh: false } : claimIt)
    const other = decide(record(500), { key: '', rejected: 'an older one' }, NOW, policy)
    expect(other).toEqual(serve(500, false))
  })

  it('never serves what has expired, never sends what it has not, never disturbs a claim or a cool-down', () => {
    const state = fc.constantFrom('live' as const, 'lapsed' as const, 'mine' as const)
    const rejected = fc.option(fc.stringMatching(/^[a-z0-9]$/), { nil: undefined })
    fc.assert(
      fc.property(session, time, state, rejected, fc.boolean(), (seen, now, claimState, refused, serving) => {
        const rules: RefreshPolicy = { ...policy, serveDuringRefresh: serving }
        const next = decide(seen, { key: '', rejected: refused }, now, rules, claimState)
        const alive = !seen.ended && now < seen.expiresAt
        if (!alive) expect(next).toEqual({ do: 'sign_in', code: 'session_ended' })
        if (next.do === 'serve') expect(next.token.expiresAt).toBeGreaterThan(now)
        if (next.do === 'wait') expect(seen.claim && claimState).toBe('live')
        if (next.do === 'try_later') expect(next.seconds).toBeGreaterThan(0)
        if (next.do === 'claim') expect(next.refreshToken).toBe(seen.refreshToken)
        if (next.do === 'claim' || (next.do === 'serve' && next.refresh)) {
          expect(seen.refreshToken).toBeDefined()
          expect(seen.claim && claimState).not.toBe('live')
          const pause = (seen.coolDown?.until ?? now) - now
          expect(pause <= 0 || pause > (seen.coolDown?.seconds ?? 0)).toBe(true)
        }
      }),
      { numRuns: 500 },
    )
  })
})
