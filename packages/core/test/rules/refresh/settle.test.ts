import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  newSession,
  withBackOff,
  withDoubt,
  withGrant,
  withLease,
  withoutRefreshToken,
  withSpare,
} from '../../../src/model/ledger-transitions.ts'
import {
  caughtUp,
  ended,
  type RefreshTokenOrigin,
  type SessionRecord,
  touched,
} from '../../../src/model/session-record.ts'
import { settle, settleRejection, type UsedRefreshToken } from '../../../src/rules/refresh/settle.ts'
import { NOW, session } from '../arbitraries.ts'

const accessToken = { value: 'at', type: 'Bearer', obtainedAt: NOW, expiresAt: NOW + 300 } as const
const base = { id: 'id', issuer: 'https://login.example.com', expiresAt: NOW + 9999, claims: {} }
const signedIn = newSession(base, { accessToken, refreshToken: 'first' }, '', NOW)
const leased = withLease(signedIn, 'me')
/** My use of the first refresh token. */
const mine: UsedRefreshToken = { refreshToken: 'first', from: 'hash of first', key: '', attempt: 1 }

/** What another process makes of the record by its own use of the refresh token. */
function refreshed(record: SessionRecord, refreshToken: string | undefined, key = ''): SessionRecord {
  const next = withLease(record, 'another')
  const origin = { from: `hash of ${record.refreshToken}`, attempt: next.attempt }
  const grant = { accessToken, refreshToken }
  return withGrant(next, { grant, key, attempt: next.attempt, origin }, { wall: NOW })
}

type Verdict = ReturnType<typeof settle>
const second = refreshed(leased, 'second')

const cases: [string, SessionRecord | undefined, Verdict, Verdict, ReturnType<typeof settleRejection>][] = [
  // what, the record, the verdict on a response without and with a new refresh token, and on a rejection
  ['nothing has changed', leased, 'write', 'write', 'end'],
  ['another process is trying', withLease(leased, 'another'), 'write', 'write', 'again'],
  ['another process got a newer refresh token', second, 'adopt', 'spare', 'replaced'],
  ['another process has used that one as well', refreshed(second, 'third'), 'adopt', 'adopt', 'replaced'],
  ['a later attempt kept the refresh token', refreshed(leased, undefined), 'adopt', 'write', 'again'],
  ['the same for another key', refreshed(leased, undefined, 'other'), 'write', 'write', 'again'],
  [
    'another process replaced it for another key',
    refreshed(leased, 'second', 'k'),
    'adopt',
    'spare',
    'replaced',
  ],
  ['the user has signed out and the record is gone', undefined, 'revoke', 'revoke', 'again'],
  ['the session has ended', ended(leased, 'signed_out'), 'revoke', 'revoke', 'again'],
  ['the session has ended a moment ago', { ...leased, ended: 'signed_out' }, 'revoke', 'revoke', 'again'],
  ['the refresh token was given up', withoutRefreshToken(leased), 'revoke', 'revoke', 'again'],
]

describe('settle: lineage decides, not who holds the lease', () => {
  it.each(cases)('%s', (_what, record, verdict, verdictOnRotation) => {
    expect(settle(record, mine, false)).toBe(verdict)
    expect(settle(record, mine, true)).toBe(verdictOnRotation)
  })

  it('adopts nothing older than what the response brings', () => {
    const response = { grant: { accessToken, refreshToken: 'first' }, key: '', attempt: 1 }
    const own = withGrant(leased, response, { wall: NOW })
    expect(settle(own, mine, false)).toBe('write')
    expect(settle(own, { ...mine, attempt: 2 }, false)).toBe('write')
    expect(settle(own, { ...mine, attempt: 0 }, false)).toBe('adopt')
  })

  it('S6: revokes the response only if no session needs the grant', () => {
    const revoked = cases.filter(([, record]) => settle(record, mine, true) === 'revoke')
    for (const [, record] of revoked) expect(record?.ended ?? record?.refreshToken).not.toBe('first')
    expect(revoked).toHaveLength(4)
  })
})

describe('settle: which of two responses to the same refresh token is newer', () => {
  /** Mine, seen against what another process has stored. */
  function verdict(own: Partial<RefreshTokenOrigin>, other: Partial<RefreshTokenOrigin>): Verdict {
    const origin = { from: mine.from, attempt: 2, ...other }
    return settle({ ...second, origin }, { ...mine, ...own }, true)
  }

  it.each<[string, Partial<RefreshTokenOrigin>, Partial<RefreshTokenOrigin>, Verdict]>([
    ['the later attempt', { attempt: 3 }, {}, 'replace'],
    ['the earlier attempt', { attempt: 1 }, {}, 'spare'],
    ['an earlier attempt that was late', { attempt: 1, late: true }, {}, 'replace'],
    ['a later attempt, the other was late', { attempt: 3 }, { late: true }, 'spare'],
    ['both late: the attempt decides', { attempt: 3, late: true }, { late: true }, 'replace'],
    ['dates 2 s apart, against attempt', { date: NOW + 2, attempt: 1 }, { date: NOW }, 'replace'],
    ['dates 2 s apart, against late', { date: NOW, late: true }, { date: NOW + 2 }, 'spare'],
    ['dates 1 s apart say nothing', { date: NOW + 1, attempt: 1 }, { date: NOW }, 'spare'],
    ['one date says nothing', { date: NOW + 99, attempt: 1 }, {}, 'spare'],
    ['no date of mine says nothing', { attempt: 3 }, { date: NOW + 99 }, 'replace'],
  ])('%s', (_what, own, other, expected) => {
    expect(verdict(own, other)).toBe(expected)
  })

  it('two processes never disagree about which is newer, nor keep both as the spare', () => {
    const origin = fc.record(
      {
        attempt: fc.integer({ min: 1, max: 9 }),
        date: fc.integer({ min: 0, max: 5 }),
        late: fc.constant(true as const),
      },
      { requiredKeys: ['attempt'] },
    )
    fc.assert(
      fc.property(origin, origin, (one, other) => {
        fc.pre(one.attempt !== other.attempt)
        expect([verdict(one, other), verdict(other, one)].toSorted()).toEqual(['replace', 'spare'])
      }),
    )
  })
})

describe('settleRejection: only the last attempt ends the session, and only with its own refresh token', () => {
  it.each(cases)('%s', (_what, record, _verdict, _rotated, rejection) => {
    expect(settleRejection(record, mine, true)).toBe(rejection)
    expect(settleRejection(record, mine, false)).toBe(rejection)
  })

  const refused = { ...leased, doubt: 'refused' } as const
  it.each<[string, SessionRecord, string, string]>([
    // what, the record, on a strict server, on another
    ['a spare is left', withSpare(leased, 'older'), 'end', 'use_spare'],
    ['a spare is left, and a response is open', withSpare(withDoubt(leased), 'older'), 'end', 'use_spare'],
    ['a response may still arrive', withDoubt(leased), 'end', 'wait'],
    ['it has been awaited', refused, 'end', 'end'],
    ['a spare, and another attempt', withLease(withSpare(leased, 'older'), 'another'), 'again', 'again'],
    ['a spare, and another refresh token', withSpare(second, 'older'), 'replaced', 'replaced'],
  ])('%s', (_what, record, onStrict, onOthers) => {
    expect(settleRejection(record, mine, true)).toBe(onStrict)
    expect(settleRejection(record, mine, false)).toBe(onOthers)
  })
})

/** What others may do to the session between my claim and my answer. */
type Deed =
  | { readonly do: 'refresh'; readonly key: string; readonly rotates: boolean; readonly tokens: boolean }
  | { readonly do: 'lease' | 'fail' | 'doubt' | 'touch' | 'catch_up' | 'give_up' | 'end' }

const deed: fc.Arbitrary<Deed> = fc.oneof(
  fc.record({
    do: fc.constant('refresh' as const),
    key: fc.constantFrom('', 'other'),
    rotates: fc.boolean(),
    tokens: fc.boolean(),
  }),
  fc.record({ do: fc.constantFrom('lease', 'fail', 'doubt', 'touch', 'catch_up') }),
  fc.record({ do: fc.constantFrom('lease', 'fail', 'touch', 'give_up', 'end') }),
)
const history = fc.array(deed, { maxLength: 12 })

function after(deeds: readonly Deed[]): SessionRecord {
  return deeds.reduce((record, next, index) => (record.ended ? record : done(record, next, index)), leased)
}

function done(record: SessionRecord, next: Deed, index: number): SessionRecord {
  const holder = `another-${index}`
  switch (next.do) {
    case 'refresh': {
      if (record.refreshToken === undefined) return record
      const { attempt, ...sent } = withLease(record, holder)
      const grant = {
        ...(next.tokens && { accessToken }),
        ...(next.rotates && { refreshToken: `rotated-${index}` }),
      }
      const origin = { from: `hash of ${record.refreshToken}`, attempt }
      return withGrant({ ...sent, attempt }, { grant, key: next.key, attempt, origin }, { wall: NOW })
    }
    case 'lease':
      return withLease(record, holder)
    case 'fail':
      return withBackOff(withLease(record, holder), 'refresh_outcome_unknown', { wall: NOW })
    case 'doubt':
      return withDoubt(record)
    case 'touch':
      return touched(record, NOW + index)
    case 'catch_up':
      return caughtUp(record)
    case 'give_up':
      return withoutRefreshToken(record)
    case 'end':
      return ended(record, 'signed_out')
  }
}

/** Read from the history: what becomes of the response to my use of the first refresh token. */
function verdictOn(deeds: readonly Deed[], rotated: boolean): Verdict {
  if (deeds.some((each) => each.do === 'end' || each.do === 'give_up')) return 'revoke'
  const refreshes = deeds.filter((each) => each.do === 'refresh')
  const rotations = refreshes.filter(({ rotates }) => rotates).length
  if (rotations > 0) return rotated && rotations === 1 ? 'spare' : 'adopt'
  const isBehind = refreshes.some(({ tokens, key }) => tokens && key === mine.key)
  return isBehind && !rotated ? 'adopt' : 'write'
}

describe('over any history', () => {
  it('writes only over the refresh token that was used, keeps a sibling as the spare, and else adopts', () => {
    const isRight = (deeds: readonly Deed[], rotated: boolean) =>
      settle(after(deeds), mine, rotated) === verdictOn(deeds, rotated)
    fc.assert(fc.property(history, fc.boolean(), isRight), { numRuns: 2000 })
  })

  it('never writes where the refresh token differs, whatever else the record contains', () => {
    fc.assert(
      fc.property(
        session,
        fc.string(),
        fc.nat(30),
        fc.boolean(),
        (record, refreshToken, attempt, rotated) => {
          const verdict = settle(record, { refreshToken, from: 'hash', key: '', attempt }, rotated)
          return verdict !== 'write' || (record.refreshToken === refreshToken && !record.ended)
        },
      ),
    )
  })

  it('a rejection ends the session only if no other process has tried, or done, anything about it', () => {
    fc.assert(
      fc.property(history, fc.boolean(), (deeds, isStrict) => {
        const did = (...names: Deed['do'][]) => deeds.some((each) => names.includes(each.do))
        const isReplaced =
          deeds.some((each) => each.do === 'refresh' && each.rotates) && !did('end', 'give_up')
        const verdict = settleRejection(after(deeds), mine, isStrict)
        if (isReplaced) return verdict === 'replaced'
        if (did('refresh', 'lease', 'fail', 'give_up', 'end')) return verdict === 'again'
        return verdict === (did('doubt') && !isStrict ? 'wait' : 'end')
      }),
      { numRuns: 1000 },
    )
  })
})
