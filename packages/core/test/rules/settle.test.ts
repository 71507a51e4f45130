import { describe, expect, it } from 'vitest'
import {
  ended,
  newSession,
  type SessionRecord,
  withClaim,
  withGrant,
  withoutRefreshToken,
} from '../../src/rules/session-record.ts'
import { settle, settleRejection } from '../../src/rules/settle.ts'
import { NOW } from './arbitraries.ts'

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
