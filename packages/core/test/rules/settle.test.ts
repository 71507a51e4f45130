import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  caughtUp,
  ended,
  newSession,
  type SessionRecord,
  touched,
  withClaim,
  withCoolDown,
  withDoubt,
  withGrant,
  withoutRefreshToken,
} from '../../src/rules/session-record.ts'
import { settle, settleRejection } from '../../src/rules/settle.ts'
import { NOW, session } from './arbitraries.ts'

const accessToken = { value: 'at', type: 'Bearer', obtainedAt: NOW, expiresAt: NOW + 300 } as const
const base = { id: 'id', issuer: 'https://login.example.com', expiresAt: NOW + 9999, claims: {} }
const signedIn = newSession(base, { accessToken, refreshToken: 'first' }, '', NOW)
const claimed = withClaim(signedIn, 'me')
const mine = { refreshToken: 'first', key: '', attempt: 1 }

function refreshed(record: SessionRecord, refreshToken: string, key = ''): SessionRecord {
  const next = withClaim(record, 'another')
  return withGrant(next, { accessToken, refreshToken }, key, next.attempt, NOW)
}

const cases: [string, SessionRecord | undefined, 'write' | 'adopt' | 'revoke', 'end' | 'again'][] = [
  ['nothing has changed', claimed, 'write', 'end'],
  ['somebody else is trying', withClaim(claimed, 'another'), 'write', 'again'],
  ['somebody else has rotated the refresh token', refreshed(claimed, 'second'), 'adopt', 'again'],
  ['somebody else was later and got the same refresh token', refreshed(claimed, 'first'), 'adopt', 'again'],
  ['somebody else has rotated it for another key', refreshed(claimed, 'second', 'other'), 'adopt', 'again'],
  ['a later attempt got a token of another key', refreshed(claimed, 'first', 'other'), 'write', 'again'],
  ['the user has signed out and the record is gone', undefined, 'revoke', 'again'],
  ['the session has ended', ended(claimed, 'signed_out'), 'revoke', 'again'],
  [
    'the session has ended, seen before its refresh token went',
    { ...claimed, ended: 'signed_out' },
    'revoke',
    'again',
  ],
  ['the refresh token was given up', withoutRefreshToken(claimed), 'revoke', 'again'],
]

describe('settle: the record decides, not who holds the claim', () => {
  it.each(cases)('%s', (_what, record, verdict) => {
    expect(settle(record, mine)).toBe(verdict)
  })

  it('adopts nothing older than what it brings', () => {
    const own = withGrant(claimed, { accessToken, refreshToken: 'first' }, '', 1, NOW)
    expect(settle(own, mine)).toBe('write')
    expect(settle(own, { ...mine, attempt: 2 })).toBe('write')
    expect(settle(own, { ...mine, attempt: 0 })).toBe('adopt')
  })

  it('S6: revokes the answer only where no session needs the grant any more', () => {
    const revoked = cases.filter(([, record]) => settle(record, mine) === 'revoke')
    for (const [, record] of revoked) expect(record?.ended ?? record?.refreshToken).not.toBe('first')
    expect(revoked).toHaveLength(4)
  })
})

describe('settleRejection: only the last attempt ends the session, and only with its own refresh token', () => {
  it.each(cases)('%s', (_what, record, _verdict, rejection) => {
    expect(settleRejection(record, mine)).toBe(rejection)
  })
})

/** What others may do to the session between my claim and my answer. */
type Deed =
  | { readonly do: 'refresh'; readonly key: string; readonly rotates: boolean; readonly tokens: boolean }
  | { readonly do: 'claim' | 'fail' | 'doubt' | 'touch' | 'catch_up' | 'give_up' | 'end' }

const deed: fc.Arbitrary<Deed> = fc.oneof(
  fc.record({
    do: fc.constant('refresh' as const),
    key: fc.constantFrom('', 'other'),
    rotates: fc.boolean(),
    tokens: fc.boolean(),
  }),
  fc.record({ do: fc.constantFrom('claim', 'fail', 'doubt', 'touch', 'catch_up') }),
  fc.record({ do: fc.constantFrom('claim', 'fail', 'touch', 'give_up', 'end') }),
)
const history = fc.array(deed, { maxLength: 12 })

function after(deeds: readonly Deed[]): SessionRecord {
  return deeds.reduce((record, next, index) => (record.ended ? record : done(record, next, index)), claimed)
}

function done(record: SessionRecord, next: Deed, index: number): SessionRecord {
  const by = `another-${index}`
  switch (next.do) {
    case 'refresh': {
      if (record.refreshToken === undefined) return record
      const sent = withClaim(record, by)
      const grant = {
        ...(next.tokens && { accessToken }),
        ...(next.rotates && { refreshToken: `rotated-${index}` }),
      }
      return withGrant(sent, grant, next.key, sent.attempt, NOW)
    }
    case 'claim':
      return withClaim(record, by)
    case 'fail':
      return withCoolDown(withClaim(record, by), 'refresh_outcome_unknown', NOW)
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

/** Told from the history alone: what the answer to my use of the first refresh token has become. */
function verdictOn(deeds: readonly Deed[]): 'write' | 'adopt' | 'revoke' {
  if (deeds.some((each) => each.do === 'end' || each.do === 'give_up')) return 'revoke'
  const refreshes = deeds.filter((each) => each.do === 'refresh')
  const isBehind = refreshes.some(({ rotates, tokens, key }) => rotates || (tokens && key === mine.key))
  return isBehind ? 'adopt' : 'write'
}

describe('over any history', () => {
  it('writes only over the refresh token that was used, revokes only where none is needed, and else adopts', () => {
    const isRight = (deeds: readonly Deed[]) => settle(after(deeds), mine) === verdictOn(deeds)
    fc.assert(fc.property(history, isRight), { numRuns: 2000 })
  })

  it('never writes where the refresh token differs, whatever else the record says', () => {
    fc.assert(
      fc.property(session, fc.string(), fc.nat(30), (record, refreshToken, attempt) => {
        const verdict = settle(record, { refreshToken, key: '', attempt })
        return verdict !== 'write' || (record.refreshToken === refreshToken && !record.ended)
      }),
    )
  })

  it('a rejection ends the session only where nobody else has tried, or done, anything about it', () => {
    fc.assert(
      fc.property(history, (deeds) => {
        const tried = ['refresh', 'claim', 'fail', 'give_up', 'end']
        const verdict = deeds.some((each) => tried.includes(each.do)) ? 'again' : 'end'
        return settleRejection(after(deeds), mine) === verdict
      }),
      { numRuns: 1000 },
    )
  })
})
