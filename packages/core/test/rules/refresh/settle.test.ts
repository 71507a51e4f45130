import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  withBackOff,
  withDoubt,
  withGrant,
  withLease,
  withoutRefreshToken,
  withSpare,
} from '../../../src/model/ledger-transitions.ts'
import {
  withCurrentBrowser,
  toTombstone,
  type SessionRecord,
  touch,
} from '../../../src/model/session-record.ts'
import type { RefreshTokenOrigin, LedgerRecord, TokenLedger } from '../../../src/model/token-ledger.ts'
import { newSession, withLedger } from '../../../src/model/session-transitions.ts'
import { settle, settleRejection, type UsedRefreshToken } from '../../../src/rules/refresh/settle.ts'
import { NOW, session } from '../arbitraries.ts'

const accessToken = { value: 'at', type: 'Bearer', obtainedAt: NOW, expiresAt: NOW + 300 } as const
const base = {
  id: 'id',
  issuer: 'https://login.example.com',
  clientId: 'web',
  expiresAt: NOW + 9999,
  claims: {},
}
const signedIn = newSession(base, { accessToken, refreshToken: 'first' }, '', NOW)
const leased = leasedBy(signedIn, 'me')
/** My use of the first refresh token. */
const mine: UsedRefreshToken = { refreshToken: 'first', from: 'hash of first', key: '', attempt: 1 }

function change(record: SessionRecord, step: (ledger: TokenLedger) => TokenLedger): SessionRecord {
  return withLedger(record, step(record.ledger))
}

function leasedBy(record: SessionRecord, holder: string): SessionRecord {
  return change(record, (ledger) => withLease(ledger, holder))
}

/** The record after another process has used the refresh token. */
function refreshed(record: SessionRecord, refreshToken: string | undefined, key = ''): SessionRecord {
  return change(record, (ledger) => {
    const next = withLease(ledger, 'another')
    const origin = { from: `hash of ${ledger.refreshToken}`, attempt: next.attempt }
    const grant = { accessToken, refreshToken }
    return withGrant(next, { grant, key, attempt: next.attempt, origin }, { wall: NOW })
  })
}

type Verdict = ReturnType<typeof settle>
const second = refreshed(leased, 'second')

const cases: [string, LedgerRecord | undefined, Verdict, Verdict, ReturnType<typeof settleRejection>][] = [
  // what, the record, the verdict on a response without and with a new refresh token, and on a rejection
  ['nothing has changed', leased, 'write', 'write', 'end'],
  ['another process is trying', leasedBy(leased, 'another'), 'write', 'write', 'again'],
  ['another process got a newer refresh token', second, 'adopt', 'spare', 'replaced'],
  ['another process has used that one as well', refreshed(second, 'third'), 'adopt', 'adopt', 'replaced'],
  [
    'a late response had a newer one, and mine is the spare',
    change(second, (ledger) => withSpare(ledger, 'first')),
    'adopt',
    'spare',
    'replaced',
  ],
  [
    'the same, and the newer one is of another use',
    change(refreshed(second, 'third'), (ledger) => withSpare(ledger, 'first')),
    'adopt',
    'spare',
    'replaced',
  ],
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
  ['the session has ended', toTombstone(leased, 'signed_out'), 'revoke', 'revoke', 'again'],
  ['the session has ended a moment ago', { ...leased, ended: 'signed_out' }, 'revoke', 'revoke', 'again'],
  ['the refresh token was revoked', change(leased, withoutRefreshToken), 'revoke', 'revoke', 'again'],
]

describe('settle: lineage decides, not who holds the lease', () => {
  it.each(cases)('%s', (_what, record, verdict, verdictOnRotation) => {
    expect(settle(record, mine, false)).toBe(verdict)
    expect(settle(record, mine, true)).toBe(verdictOnRotation)
  })

  it('adopts nothing older than what the response brings', () => {
    const response = { grant: { accessToken, refreshToken: 'first' }, key: '', attempt: 1 }
    const own = change(leased, (ledger) => withGrant(ledger, response, { wall: NOW }))
    expect(settle(own, mine, false)).toBe('write')
    expect(settle(own, { ...mine, attempt: 2 }, false)).toBe('write')
    expect(settle(own, { ...mine, attempt: 0 }, false)).toBe('adopt')
  })

  it('S6: revokes the response only if no session needs the grant', () => {
    const revoked = cases.filter(([, record]) => settle(record, mine, true) === 'revoke')
    for (const [, record] of revoked) expect(record?.ended ?? record?.ledger.refreshToken).not.toBe('first')
    expect(revoked).toHaveLength(4)
  })
})

describe('a request that uses up nothing', () => {
  const empty = { id: 'id', expiresAt: NOW + 9999, ledger: { tokens: {}, attempt: 1 } }
  const used = { ...mine, refreshToken: undefined, from: '' }

  it('is written, unless a later one has brought the token already', () => {
    expect(settle(empty, used, false)).toBe('write')
    const token = { ...accessToken, attempt: 2 }
    expect(settle({ ...empty, ledger: { tokens: { '': token }, attempt: 2 } }, used, false)).toBe('adopt')
    expect(settle({ ...empty, ledger: { tokens: { other: token }, attempt: 2 } }, used, false)).toBe('write')
    expect(settle({ ...empty, ended: 'signed_out' }, used, false)).toBe('revoke')
  })

  it('that is refused ends what its owner ends, if no other process tries', () => {
    expect(settleRejection(empty, used, false)).toBe('end')
    const later = { ...empty, ledger: { tokens: {}, attempt: 2 } }
    expect(settleRejection(later, used, false)).toBe('again')
  })
})

describe('settle: which of two responses to the same refresh token is newer', () => {
  /** Mine, seen against what another process has stored. */
  function verdict(own: Partial<RefreshTokenOrigin>, other: Partial<RefreshTokenOrigin>): Verdict {
    const origin = { from: mine.from, attempt: 2, ...other }
    return settle({ ...second, ledger: { ...second.ledger, origin } }, { ...mine, ...own }, true)
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
    ['only one date is inconclusive', { date: NOW + 99, attempt: 1 }, {}, 'spare'],
    ['without my date it is inconclusive', { attempt: 3 }, { date: NOW + 99 }, 'replace'],
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

  const refused = change(leased, (ledger) => ({ ...ledger, doubt: 'refused' }))
  const spared = (record: SessionRecord) => change(record, (ledger) => withSpare(ledger, 'older'))
  const doubted = change(leased, withDoubt)
  it.each<[string, LedgerRecord, string, string]>([
    // what, the record, on a strict server, on another
    ['a spare is left', spared(leased), 'end', 'use_spare'],
    ['a spare is left, and a response is open', spared(doubted), 'end', 'use_spare'],
    ['a response may still arrive', doubted, 'end', 'wait'],
    ['it has been awaited', refused, 'end', 'end'],
    ['a spare, and another attempt', leasedBy(spared(leased), 'another'), 'again', 'again'],
    ['a spare, and another refresh token', spared(second), 'replaced', 'replaced'],
  ])('%s', (_what, record, onStrict, onOthers) => {
    expect(settleRejection(record, mine, true)).toBe(onStrict)
    expect(settleRejection(record, mine, false)).toBe(onOthers)
  })
})

describe('settleRejection: a request with parameters', () => {
  const withKey = { ...mine, key: 'k' }

  it('ends no session before the refresh without parameters was tried', () => {
    for (const isStrict of [true, false]) {
      expect(settleRejection(leased, withKey, isStrict)).toBe('try_plain')
      expect(settleRejection(leased, mine, isStrict)).toBe('end')
    }
  })

  it('changes nothing but its own token key before that, whatever may explain the refusal', () => {
    const doubt = fc.constantFrom(undefined, 'unknown' as const, 'refused' as const)
    const spare = fc.constantFrom(undefined, 'older')
    fc.assert(
      fc.property(history, doubt, spare, fc.boolean(), (deeds, unsure, older, isStrict) => {
        const record = change(after(deeds), (ledger) => ({ ...ledger, doubt: unsure, spare: older }))
        const [plain, named] = [mine, withKey].map((used) => settleRejection(record, used, isStrict))
        const isUnchanged = plain === 'again' || plain === 'replaced'
        expect(named).toBe(isUnchanged ? plain : 'try_plain')
      }),
    )
  })
})

/** Changes of other processes between the lease and the response. */
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
      if (record.ledger.refreshToken === undefined) return record
      const grant = {
        ...(next.tokens && { accessToken }),
        ...(next.rotates && { refreshToken: `rotated-${index}` }),
      }
      return change(record, (ledger) => {
        const sent = withLease(ledger, holder)
        const origin = { from: `hash of ${ledger.refreshToken}`, attempt: sent.attempt }
        return withGrant(sent, { grant, key: next.key, attempt: sent.attempt, origin }, { wall: NOW })
      })
    }
    case 'lease':
      return leasedBy(record, holder)
    case 'fail':
      return change(leasedBy(record, holder), (ledger) =>
        withBackOff(ledger, 'refresh_outcome_unknown', { wall: NOW }),
      )
    case 'doubt':
      return change(record, withDoubt)
    case 'touch':
      return touch(record, NOW + index)
    case 'catch_up':
      return withCurrentBrowser(record)
    case 'give_up':
      return change(record, withoutRefreshToken)
    case 'end':
      return toTombstone(record, 'signed_out')
  }
}

/** Reads from the history the result of the first use of the refresh token. */
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
          return verdict !== 'write' || (record.ledger.refreshToken === refreshToken && !record.ended)
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
