import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { newSession, withGrant, withNewerGrant } from '../../src/model/ledger-transitions.ts'
import type { SessionRecord, TokenGrant } from '../../src/model/session-record.ts'
import { grant, NOW, session } from '../rules/arbitraries.ts'

const access = { value: 'new', type: 'Bearer', obtainedAt: NOW, expiresAt: NOW + 300 } as const
const AT = { wall: NOW }
const origin = { from: 'hash', attempt: 1 }

function check(test: (record: SessionRecord) => void): void {
  fc.assert(
    fc.property(session, (record) => {
      test(record)
    }),
  )
}

/** The record after a response to attempt 1. */
function after(record: SessionRecord, response: TokenGrant, key = ''): SessionRecord {
  return withGrant(record, { grant: response, key, attempt: 1, origin }, AT)
}

function laterOf({ touchedAt }: SessionRecord): number {
  return Math.max(touchedAt, NOW)
}

describe('withGrant', () => {
  it('S1: a new refresh token replaces the old one, none keeps it', () => {
    check((record) => {
      expect(after(record, { refreshToken: 'rt' }).refreshToken).toBe('rt')
      expect(after(record, {}).refreshToken).toBe(record.refreshToken)
    })
  })

  it('keeps where the refresh token came from, and changes that only with the token', () => {
    check((record) => {
      expect(after(record, { refreshToken: 'rt' }).origin).toEqual(origin)
      expect(after(record, {}).origin).toEqual(record.origin)
    })
  })

  it('S2: a narrowed access token does not shrink what the refresh token was granted', () => {
    check((record) => {
      const next = after(record, { scope: 'less', accessToken: { ...access, scope: 'less' } })
      expect(next.scope).toBe(record.scope)
      expect(next.tokens['']?.scope).toBe('less')
    })
  })

  it('S15: keeps the access token exactly as it was read, under its key and with its attempt', () => {
    check((record) => {
      const { rejections: _rejections, ...token } =
        after(record, { accessToken: access }, 'a').tokens['a'] ?? {}
      expect(token).toEqual({ ...access, attempt: 1 })
    })
  })

  it('keeps everything that the response does not mention, and the tokens when it brought none', () => {
    check((record) => {
      const {
        lease: _1,
        backOff: _2,
        parameterBackOffs: _3,
        doubt: _4,
        spare: _5,
        caughtUp: _6,
        ...rest
      } = record
      const { backOff: _7, parameterBackOffs: _8, ...next } = after(record, {})
      expect(next).toEqual({ ...rest, generation: record.generation + 1, touchedAt: laterOf(record) })
    })
  })

  it('ends lease, doubt and spare, and the back-offs when there is a token: failures without one still count', () => {
    check((record) => {
      for (const next of [after(record, { accessToken: access }), after(record, { refreshToken: 'rt' })])
        expect([next.lease, next.doubt, next.spare, next.caughtUp]).toEqual(Array(4).fill(undefined))
      const refreshed = after(record, { accessToken: access })
      expect([refreshed.backOff, refreshed.parameterBackOffs]).toEqual([undefined, undefined])
      const { backOff, parameterBackOffs } = after(record, { refreshToken: 'rt' })
      expect([backOff, parameterBackOffs]).toEqual([record.backOff, record.parameterBackOffs])
    })
  })

  it('S10: merges newer claims into the old ones, and keeps the ID token when there is no new one', () => {
    check((record) => {
      const next = after(record, { claims: { name: 'Ann' } })
      expect(next.claims).toEqual({ ...record.claims, name: 'Ann' })
      expect(next.idToken).toBe(record.idToken)
      expect(after(record, { idToken: 'jwt' })).toMatchObject({ idToken: 'jwt', claims: record.claims })
    })
  })

  it('counts the rejections of the token that it replaces, and only of that one', () => {
    const before = newSession(base(NOW), { accessToken: access }, '', NOW)
    const next = (rejected: string | undefined, key = '') =>
      withGrant(before, { grant: { accessToken: access }, key, attempt: 1, rejected }, AT).tokens[key]
    expect(next('new')?.rejections).toBe(1)
    expect(next('another')?.rejections).toBeUndefined()
    expect(next(undefined)).not.toHaveProperty('rejections')
    expect(next('new', 'k')).not.toHaveProperty('rejections')
  })

  it('a refresh without a rejection keeps the count: a success elsewhere does not start it again', () => {
    const tokens = { '': { ...access, attempt: 0, rejections: 5 } }
    const before = { ...newSession(base(NOW), {}, '', NOW), tokens }
    expect(after(before, { accessToken: access }).tokens['']?.rejections).toBe(5)
  })

  it('a cookie keeps as many tokens as its bytes allow, counting everything else that it carries', () => {
    fc.assert(
      fc.property(session, fc.integer({ min: 200, max: 3000 }), (record, maxRecordBytes) => {
        const response = { grant: { accessToken: access }, key: 'k', attempt: 1 }
        const capacity = { maxRecordBytes, lastUse: () => 0 }
        const next = withGrant(record, response, AT, capacity)
        const bytes = new TextEncoder().encode(JSON.stringify(next)).length
        expect(next.tokens['k']).toBeDefined()
        expect(bytes <= maxRecordBytes || Object.keys(next.tokens).length === 1).toBe(true)
      }),
    )
  })

  it('a cookie keeps the previous ID token if the new one does not fit', () => {
    const capacity = { maxRecordBytes: 2000, lastUse: () => 0 }
    const record = {
      ...newSession(base(AT.wall + 1000), { accessToken: access }, '', AT.wall),
      idToken: 'old',
    }
    const idTokenAfter = (idToken: string, limit = capacity) =>
      withGrant(record, { grant: { accessToken: access, idToken }, key: '', attempt: 1 }, AT, limit).idToken
    expect(idTokenAfter('new')).toBe('new')
    expect(idTokenAfter('n'.repeat(2000))).toBe('old')
    expect(idTokenAfter('n'.repeat(2000), { ...capacity, maxRecordBytes: Infinity })).toHaveLength(2000)
  })

  it('a cookie keeps no ID token if the previous one does not fit either', () => {
    const record = { ...newSession(base(AT.wall + 1000), {}, '', AT.wall), idToken: 'o'.repeat(1500) }
    const idTokenAfter = (refreshToken: string, idToken?: string) => {
      const given = { accessToken: access, refreshToken, idToken }
      return withGrant(record, { grant: given, key: '', attempt: 1 }, AT, {
        maxRecordBytes: 2000,
        lastUse: () => 0,
      }).idToken
    }
    expect(idTokenAfter('r')).toBe(record.idToken)
    expect(idTokenAfter('r', 'n'.repeat(2000))).toBe(record.idToken)
    for (const idToken of [undefined, 'n'.repeat(2000)])
      expect(idTokenAfter('r'.repeat(600), idToken)).toBeUndefined()
    expect(idTokenAfter('r'.repeat(600), 'new')).toBe('new')
  })
})

function base(expiresAt: number): Parameters<typeof newSession>[0] {
  return { id: '1', issuer: '', expiresAt, claims: {} }
}

describe('withNewerGrant: the newer of two responses to the same refresh token', () => {
  const response = { grant: { accessToken: access, refreshToken: 'newer' }, key: '', attempt: 2, origin }

  it('keeps the refresh token of the older one as the spare', () => {
    check((record) => {
      const next = withNewerGrant(record, response, 'me', AT)
      expect([next.refreshToken, next.spare]).toEqual(['newer', record.refreshToken])
      expect(next.tokens['']?.value).toBe('new')
    })
  })

  it('ends its own lease and leaves that of another process', () => {
    check((record) => {
      const mine = { ...record, lease: { attempt: 2, holder: 'me', beat: 3 } }
      expect(withNewerGrant(mine, response, 'me', AT).lease).toBeUndefined()
      const other = { attempt: 3, holder: 'another', beat: 3 }
      expect(withNewerGrant({ ...record, lease: other }, response, 'me', AT).lease).toEqual(other)
    })
  })
})

it('newSession: leaves out an ID token that does not fit, or would not after a refresh', () => {
  const bytesOf = (value: object) => new TextEncoder().encode(JSON.stringify(value)).length
  const given = { accessToken: access, refreshToken: 'rt', idToken: 'i'.repeat(500) }
  const create = (maxRecordBytes?: number) => newSession(base(NOW + 1), given, '', NOW, maxRecordBytes)
  const bytes = bytesOf(create())
  expect(create().idToken).toBe(given.idToken)
  expect(create(bytes + 160).idToken).toBe(given.idToken)
  expect(create(bytes + 140).idToken).toBeUndefined()
  expect(create(bytes + 140).refreshToken).toBe('rt')
})

it('newSession: attempt 0, generation 1, in use since now, with what the grant was given', () => {
  fc.assert(
    fc.property(grant, (given) => {
      const start = { ...base(NOW + 1), claims: { sub: 'u' } }
      const record = newSession(start, given, 'key', NOW)
      expect(record).toMatchObject({ ...start, claims: { sub: 'u', ...given.claims } })
      expect(record).toMatchObject({ generation: 1, attempt: 0, touchedAt: NOW })
      const { scope, refreshToken, idToken } = record
      expect([scope, refreshToken, idToken]).toEqual([given.scope, given.refreshToken, given.idToken])
      expect(record.tokens).toEqual(given.accessToken ? { key: { ...given.accessToken, attempt: 0 } } : {})
    }),
  )
})
