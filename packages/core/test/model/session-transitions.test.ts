import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  withDoubt,
  withGrant,
  withLease,
  withoutRefreshToken,
  withSpareInUse,
} from '../../src/model/ledger-transitions.ts'
import { endsAt, type SessionRecord, sidsOf } from '../../src/model/session-record.ts'
import {
  newSession,
  withLedger,
  withOtherTokens,
  withTokenResponse,
} from '../../src/model/session-transitions.ts'
import { jsonBytes } from '../../src/model/stored-tokens.ts'
import { EMPTY_LEDGER, type TokenLedger } from '../../src/model/token-ledger.ts'
import type { TokenGrant } from '../../src/model/token-grant.ts'
import { grant, NOW, session } from '../rules/arbitraries.ts'

const access = { value: 'new', type: 'Bearer', obtainedAt: NOW, expiresAt: NOW + 300 } as const
const AT = { wall: NOW }

function check(test: (record: SessionRecord) => void): void {
  fc.assert(
    fc.property(session, (record) => {
      test(record)
    }),
  )
}

/** The session after a response to attempt 1. */
function after(record: SessionRecord, given: TokenGrant, maxRecordBytes?: number, key = ''): SessionRecord {
  const ledgerAfter = (maxTokenBytes: number) =>
    withGrant(record.ledger, { grant: given, key, attempt: 1 }, AT, { maxTokenBytes, lastUse: () => 0 })
  return withTokenResponse(record, given, NOW, ledgerAfter, maxRecordBytes)
}

function base(expiresAt: number): Parameters<typeof newSession>[0] {
  return { id: '1', issuer: '', clientId: '', expiresAt, claims: {} }
}

describe('withTokenResponse', () => {
  it('is a use of the session, and keeps everything that the response does not mention', () => {
    check((record) => {
      const { browserIsCurrent: _caughtUp, ledger: _ledger, ...rest } = record
      const { ledger, ...next } = after(record, {})
      // A clock that is behind must not bring the end of the session nearer.
      const touchedAt = Math.max(record.touchedAt, NOW)
      expect(next).toEqual({ ...rest, generation: record.generation + 1, touchedAt })
      expect(ledger).toEqual(withGrant(record.ledger, { grant: {}, key: '', attempt: 1 }, AT))
    })
  })

  it('S10: merges newer claims into the old ones, and keeps the ID token without a new one', () => {
    check((record) => {
      const next = after(record, { claims: { name: 'Ann' } })
      expect(next.claims).toEqual({ ...record.claims, name: 'Ann' })
      expect(next.idToken).toBe(record.idToken)
      expect(after(record, { idToken: 'jwt' })).toMatchObject({ idToken: 'jwt', claims: record.claims })
    })
  })

  it('a cookie keeps as many tokens as its bytes allow, counting everything else that it carries', () => {
    fc.assert(
      fc.property(session, fc.integer({ min: 200, max: 3000 }), (record, maxRecordBytes) => {
        const next = after(record, { accessToken: access }, maxRecordBytes, 'k')
        const { tokens } = next.ledger
        expect(tokens['k']).toBeDefined()
        expect(jsonBytes(next) <= maxRecordBytes || Object.keys(tokens).length === 1).toBe(true)
      }),
    )
  })

  it('a cookie keeps the previous ID token if the new one does not fit', () => {
    const record = { ...newSession(base(NOW + 1000), { accessToken: access }, '', NOW), idToken: 'old' }
    const idTokenAfter = (idToken: string, maxRecordBytes = 2000) =>
      after(record, { accessToken: access, idToken }, maxRecordBytes).idToken
    expect(idTokenAfter('new')).toBe('new')
    expect(idTokenAfter('n'.repeat(2000))).toBe('old')
    expect(idTokenAfter('n'.repeat(2000), Infinity)).toHaveLength(2000)
  })

  it('a cookie keeps no ID token if the previous one does not fit either', () => {
    const record = { ...newSession(base(NOW + 1000), {}, '', NOW), idToken: 'o'.repeat(1500) }
    const idTokenAfter = (refreshToken: string, idToken?: string) =>
      after(record, { accessToken: access, refreshToken, idToken }, 2000).idToken
    expect(idTokenAfter('r')).toBe(record.idToken)
    expect(idTokenAfter('r', 'n'.repeat(2000))).toBe(record.idToken)
    for (const idToken of [undefined, 'n'.repeat(2000)])
      expect(idTokenAfter('r'.repeat(600), idToken)).toBeUndefined()
    expect(idTokenAfter('r'.repeat(600), 'new')).toBe('new')
  })
})

describe('withLedger: the changes that a browser with a cookie session must receive', () => {
  it('a changed refresh token is a new generation', () => {
    check((record) => {
      for (const step of [withSpareInUse, withoutRefreshToken]) {
        const ledger = step(record.ledger)
        const isChanged = ledger.refreshToken !== record.ledger.refreshToken
        const { generation, browserIsCurrent: caughtUp } = withLedger(record, ledger)
        expect(generation).toBe(record.generation + (isChanged ? 1 : 0))
        expect(caughtUp).toBe(isChanged ? undefined : record.browserIsCurrent)
      }
    })
  })

  it('after a lease, the store has to hold the session again, without a new generation', () => {
    check((record) => {
      const { browserIsCurrent: _caughtUp, ...rest } = record
      const ledger = withLease(record.ledger, 'me')
      expect(withLedger(record, ledger)).toEqual({ ...rest, ledger })
    })
  })

  it('all other changes keep the rest of the session', () => {
    check((record) => {
      const ledger = withDoubt(record.ledger)
      expect(withLedger(record, ledger)).toEqual({ ...record, ledger })
    })
  })
})

it('newSession: leaves out an ID token that does not fit, or would not after a refresh', () => {
  const given = { accessToken: access, refreshToken: 'rt', idToken: 'i'.repeat(500) }
  const create = (maxRecordBytes?: number) => newSession(base(NOW + 1), given, '', NOW, maxRecordBytes)
  const bytes = jsonBytes(create())
  expect(create().idToken).toBe(given.idToken)
  expect(create(bytes + 250).idToken).toBe(given.idToken)
  expect(create(bytes + 230).idToken).toBeUndefined()
  expect(create(bytes + 230).ledger.refreshToken).toBe('rt')
})

it('newSession: attempt 0, generation 1, in use since now, with what the grant was given', () => {
  fc.assert(
    fc.property(grant, (given) => {
      const start = { ...base(NOW + 1), claims: { sub: 'u' } }
      const record = newSession(start, given, 'key', NOW)
      expect(record).toMatchObject({ ...start, claims: { sub: 'u', ...given.claims } })
      expect(record).toMatchObject({ generation: 1, touchedAt: NOW, ledger: { attempt: 0 } })
      const { scope, refreshToken, tokens } = record.ledger
      expect([scope, refreshToken]).toEqual([given.scope, given.refreshToken])
      expect(record.idToken).toBe(given.idToken)
      expect(tokens).toEqual(given.accessToken ? { key: { ...given.accessToken, attempt: 0 } } : {})
    }),
  )
})

it('newSession: continues the grant of an earlier session with everything that is known about it, but not its tokens', () => {
  fc.assert(
    fc.property(session, (earlier) => {
      const { ledger } = earlier
      const record = newSession(base(NOW + 1), { accessToken: access }, '', NOW, Infinity, earlier)
      const { refreshToken, origin, scope, attempt, doubt, spare } = ledger
      expect(record.ledger).toMatchObject({ refreshToken, origin, scope, attempt, doubt, spare })
      expect(record.ledger.grantExpiry?.at).toBe(ledger.grantExpiry?.at)
      expect(record.ledger.tokens).toEqual({ '': { ...access, attempt } })
      const { lease, backOff, parameterBackOffs, revoking } = record.ledger
      expect([lease, backOff, parameterBackOffs, revoking]).toEqual([
        undefined,
        undefined,
        undefined,
        undefined,
      ])
    }),
  )
})

it('newSession: a logout can name the session whose grant it continues', () => {
  const start = (sid: string) => ({ ...base(NOW + 1), claims: { sub: 'u', sid } })
  const earlier = { ...newSession(start('b'), {}, '', NOW), sids: ['a'] }
  const record = newSession(start('c'), { claims: start('c').claims }, '', NOW, Infinity, earlier)
  expect(sidsOf(record)).toEqual(['c', 'b', 'a'])
})

it('newSession: a continued grant keeps the scope of its refresh token', () => {
  const earlier = newSession(base(NOW + 1), { scope: 'a b', refreshToken: 'rt' }, '', NOW)
  const record = newSession(base(NOW + 1), { accessToken: access, scope: 'a' }, '', NOW, Infinity, earlier)
  expect(record.ledger.scope).toBe('a b')
})

it('withTokenResponse: follows the latest `session_expiry`, up to the absolute end', () => {
  const record = { ...newSession(base(NOW + 1000), { accessToken: access }, '', NOW), touchedAt: NOW }
  const end = (from: SessionRecord) => endsAt(from, 86_400)
  const shortened = after(record, { accessToken: access, sessionExpiry: NOW + 100 })
  const kept = after(shortened, { accessToken: access })
  const extended = after(kept, { accessToken: access, sessionExpiry: NOW + 500 })
  const limited = after(extended, { accessToken: access, sessionExpiry: NOW + 5000 })
  expect([shortened, kept, extended, limited].map(end)).toEqual([NOW + 100, NOW + 100, NOW + 500, NOW + 1000])
  expect(limited.expiresAt).toBe(record.expiresAt)
})

describe('withOtherTokens', () => {
  const token = { value: 'x'.repeat(100), type: 'Bearer', obtainedAt: NOW, expiresAt: NOW + 9, attempt: 1 }
  const holding = (count: number) => (maxTokenBytes: number) => {
    const tokens = Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, token]))
    return { tokens: jsonBytes(tokens) <= maxTokenBytes ? tokens : { k0: token }, attempt: 1 }
  }

  it('changes nothing else, and keeps the record within its bytes', () => {
    fc.assert(
      fc.property(session, fc.integer({ min: 1, max: 8 }), fc.nat(3000), (record, count, room) => {
        const limit = jsonBytes({ ...record, otherTokens: undefined }) + 100 + room
        const { otherTokens, generation, ...rest } = withOtherTokens(record, holding(count), limit)
        const { otherTokens: _others, generation: before, browserIsCurrent: _held, ...same } = record
        expect([rest, generation]).toEqual([same, before + 1])
        expect(jsonBytes({ ...rest, otherTokens, generation })).toBeLessThanOrEqual(limit)
      }),
    )
  })

  it('is dropped before the tokens of the session, if a refresh needs the bytes', () => {
    check((record) => {
      const large = { ...record, otherTokens: holding(8)(Infinity) }
      const alone = jsonBytes(after({ ...record, idToken: undefined }, { accessToken: access }, 0))
      const next = after({ ...large, idToken: undefined }, { accessToken: access }, alone + 20)
      expect(next.otherTokens).toBeUndefined()
      expect(next.ledger.tokens['']?.value).toBe(access.value)
    })
  })
})

describe('newSession that continues an earlier grant', () => {
  const [old, fresh] = [{ d: 'old' }, { d: 'new' }]
  const earlier = { ...EMPTY_LEDGER, refreshToken: 'r', proofKey: old }
  const start = (given: TokenGrant, continued: TokenLedger = earlier) =>
    newSession(base(NOW + 600), given, '', NOW, undefined, {
      ...newSession(base(NOW + 600), {}, '', NOW),
      ledger: continued,
    }).ledger

  it('S18: keeps the key of the refresh token, and the new access token has its own', () => {
    const ledger = start({ accessToken: access, proofKey: fresh })
    expect(ledger).toMatchObject({ refreshToken: 'r', proofKey: old, tokens: { '': { proofKey: fresh } } })
  })

  it('S18: leaves a bound refresh token behind if its own tokens are not bound', () => {
    const ledger = start({ accessToken: access })
    expect([ledger.refreshToken, ledger.proofKey]).toEqual([undefined, undefined])
  })

  it('S18: binds what comes next if only the refresh token is not bound', () => {
    const { proofKey: _, ...unbound } = earlier
    const ledger = start({ accessToken: access, proofKey: fresh }, unbound)
    expect(ledger).toMatchObject({ refreshToken: 'r', proofKey: fresh })
    expect(ledger.tokens['']).not.toHaveProperty('proofKey')
  })
})
