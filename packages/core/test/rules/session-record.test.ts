import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  caughtUp,
  ended,
  endsAt,
  isSessionRecord,
  newSession,
  type SessionRecord,
  touched,
  withClaim,
  withCoolDown,
  withDoubt,
  withGrant,
  withoutRefreshToken,
  withRevocationConfirmed,
} from '../../src/rules/session-record.ts'
import { grant, NOW, session } from './arbitraries.ts'

const access = { value: 'new', type: 'Bearer', obtainedAt: NOW, expiresAt: NOW + 300 } as const

function check(test: (record: SessionRecord) => void): void {
  fc.assert(
    fc.property(session, (record) => {
      test(record)
    }),
  )
}

/** A clock that is behind must not bring the end of a session nearer. */
function laterOf({ touchedAt }: SessionRecord): number {
  return Math.max(touchedAt, NOW)
}

describe('withGrant', () => {
  it('S1: a new refresh token replaces the old one, none keeps it', () => {
    check((record) => {
      expect(withGrant(record, { refreshToken: 'rt' }, '', 1, NOW).refreshToken).toBe('rt')
      expect(withGrant(record, {}, '', 1, NOW).refreshToken).toBe(record.refreshToken)
    })
  })

  it('S2: a narrowed access token does not shrink what the refresh token was granted', () => {
    check((record) => {
      const next = withGrant(record, { scope: 'less', accessToken: { ...access, scope: 'less' } }, '', 1, NOW)
      expect(next.scope).toBe(record.scope)
      expect(next.tokens['']?.scope).toBe('less')
    })
  })

  it('S15: keeps the access token exactly as it was read, under its key and with its attempt', () => {
    check((record) => {
      expect(withGrant(record, { accessToken: access }, 'a', 7, NOW).tokens['a']).toEqual({
        ...access,
        attempt: 7,
      })
    })
  })

  it('keeps what the answer says nothing about, and the tokens when it brought none', () => {
    check((record) => {
      const { claim: _claim, coolDown: _coolDown, inDoubt: _inDoubt, caughtUp: _caughtUp, ...rest } = record
      const { coolDown: _pause, ...next } = withGrant(record, {}, '', 1, NOW)
      expect(next).toEqual({ ...rest, generation: record.generation + 1, touchedAt: laterOf(record) })
    })
  })

  it('ends the claim, and the cool-down once there is a token again: failures without one still count', () => {
    check((record) => {
      const refreshed = withGrant(record, { accessToken: access }, '', 1, NOW)
      expect([refreshed.claim, refreshed.coolDown, refreshed.caughtUp]).toEqual([
        undefined,
        undefined,
        undefined,
      ])
      const salvaged = withGrant(record, { refreshToken: 'rt' }, '', 1, NOW)
      expect([salvaged.claim, salvaged.inDoubt, refreshed.inDoubt]).toEqual([undefined, undefined, undefined])
      expect(salvaged.coolDown).toEqual(record.coolDown)
    })
  })

  it('S10: lays newer claims over the old ones, and keeps the ID token when there is no new one', () => {
    check((record) => {
      const next = withGrant(record, { claims: { name: 'Ann' } }, '', 1, NOW)
      expect(next.claims).toEqual({ ...record.claims, name: 'Ann' })
      expect(next.idToken).toBe(record.idToken)
      expect(withGrant(record, { idToken: 'jwt' }, '', 1, NOW)).toMatchObject({
        idToken: 'jwt',
        claims: record.claims,
      })
    })
  })

  it('keeps at most eight tokens: the new one and of the others those that live longest', () => {
    check((record) => {
      const { tokens } = withGrant(record, { accessToken: access }, 'k', 1, NOW)
      const { k: mine, ...kept } = tokens
      const alive = Object.values(record.tokens).filter(({ expiresAt }) => expiresAt > NOW)
      expect(mine?.value).toBe('new')
      expect(Object.keys(kept)).toHaveLength(Math.min(alive.length, 7))
      const byLife = alive.map(({ expiresAt }) => expiresAt).toSorted((a, b) => b - a)
      const lives = Object.values(kept).map(({ expiresAt }) => expiresAt)
      expect(lives.toSorted((a, b) => b - a)).toEqual(byLife.slice(0, 7))
    })
  })

  it('lets the one go that expires first when there are nine', () => {
    const base = { id: '1', issuer: '', expiresAt: NOW, claims: {} }
    let record = newSession(base, {}, '', NOW)
    for (const lifetime of [50, 20, 90, 70, 10, 80, 40, 30, 60, 15]) {
      const token = { ...access, expiresAt: NOW + lifetime }
      record = withGrant(record, { accessToken: token }, `${lifetime}`, 1, NOW)
    }
    expect(Object.keys(record.tokens).toSorted()).toEqual(['15', '30', '40', '50', '60', '70', '80', '90'])
  })

  it('drops another token at the second it expires', () => {
    const before = newSession(
      { id: '1', issuer: '', expiresAt: NOW, claims: {} },
      { accessToken: access },
      '',
      NOW,
    )
    expect(Object.keys(withGrant(before, { accessToken: access }, 'k', 1, NOW + 299.9).tokens)).toEqual([
      '',
      'k',
    ])
    expect(Object.keys(withGrant(before, { accessToken: access }, 'k', 1, NOW + 300).tokens)).toEqual(['k'])
  })
})

it('newSession: attempt 0, generation 1, in use since now, with what the grant was given', () => {
  fc.assert(
    fc.property(grant, (given) => {
      const base = { id: 'id', issuer: 'https://login.example.com', expiresAt: NOW + 1, claims: { sub: 'u' } }
      const record = newSession(base, given, 'key', NOW)
      expect(record).toMatchObject({ ...base, claims: { sub: 'u', ...given.claims } })
      expect(record).toMatchObject({ generation: 1, attempt: 0, touchedAt: NOW })
      expect([record.scope, record.refreshToken, record.idToken]).toEqual([
        given.scope,
        given.refreshToken,
        given.idToken,
      ])
      expect(record.tokens).toEqual(given.accessToken ? { key: { ...given.accessToken, attempt: 0 } } : {})
    }),
  )
})

describe('withClaim', () => {
  it('starts the next attempt, and keeps all but that the browser has caught up', () => {
    check((record) => {
      const { caughtUp: _caughtUp, inDoubt: _inDoubt, ...rest } = record
      const attempt = record.attempt + 1
      expect(withClaim(record, 'me')).toMatchObject({ ...rest, attempt, claim: { attempt, by: 'me' } })
      expect(withClaim(record, 'me').caughtUp).toBeUndefined()
    })
  })

  it('leaves a doubt where it takes over what somebody else may have sent, and keeps the doubt there was', () => {
    check((record) => {
      const { claim: _claim, ...unclaimed } = record
      const theirs = { ...record, claim: { attempt: 1, by: 'another' } }
      expect(withClaim(unclaimed, 'me').inDoubt).toBe(record.inDoubt)
      expect(withClaim({ ...record, claim: { attempt: 1, by: 'me' } }, 'me').inDoubt).toBe(record.inDoubt)
      expect(withClaim(theirs, 'me').inDoubt).toBe(true)
      expect(withDoubt(record)).toEqual({ ...record, inDoubt: true })
    })
  })
})

describe('withCoolDown', () => {
  it('gives the claim back, and keeps tokens and generation', () => {
    check((record) => {
      const { claim: _claim, coolDown: before, ...rest } = record
      const { coolDown, ...next } = withCoolDown(record, 'client_rejected', NOW, 7)
      expect(next).toEqual(rest)
      const failures = Math.min((before?.failures ?? 0) + 1, 10)
      expect(coolDown).toEqual({ until: NOW + 7, seconds: 7, failures, code: 'client_rejected' })
    })
  })

  it('waits longer after each failure in a row, a minute at most', () => {
    let record = newSession({ id: '1', issuer: '', expiresAt: NOW, claims: {} }, {}, '', NOW)
    const pauses = Array.from({ length: 12 }, () => {
      record = withCoolDown(record, 'refresh_outcome_unknown', NOW)
      return (record.coolDown?.until ?? 0) - NOW
    })
    expect(pauses).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60, 60])
  })
})

it('withoutRefreshToken: puts it aside until its revocation is confirmed, and nothing if there is none', () => {
  check((record) => {
    const { refreshToken, claim: _claim, caughtUp: _caughtUp, ...rest } = record
    const next = withoutRefreshToken(record)
    if (refreshToken === undefined) expect(next).toBe(record)
    else expect(next).toEqual({ ...rest, revoking: refreshToken, generation: record.generation + 1 })

    const { revoking: _revoking, caughtUp: _later, ...left } = next
    expect(withRevocationConfirmed(next)).toEqual({ ...left, generation: next.generation + 1 })
  })
})

it('touched and caughtUp: only a touch is news to the browser', () => {
  check((record) => {
    const { caughtUp: _caughtUp, ...rest } = record
    expect(touched(record, NOW)).toEqual({
      ...rest,
      touchedAt: laterOf(record),
      generation: record.generation + 1,
    })
    expect(caughtUp(record)).toEqual({ ...record, caughtUp: true })
  })
})

it('S27: of a session that ended nothing is left but what refuses its cookie', () => {
  check((record) => {
    const { id, issuer, expiresAt, touchedAt, attempt } = record
    const kept = { id, issuer, expiresAt, touchedAt, attempt }
    const rest = { claims: {}, tokens: {}, ended: 'signed_out', generation: record.generation + 1 }
    expect(ended(record, 'signed_out')).toEqual({ ...kept, ...rest })
  })
})

it('endsAt: after the idle time, and never later than the session may live', () => {
  const base = newSession({ id: '1', issuer: '', expiresAt: NOW + 100, claims: {} }, {}, '', NOW)
  expect(endsAt(base, 60)).toBe(NOW + 60)
  expect(endsAt(base, 1000)).toBe(NOW + 100)
  expect(endsAt(touched(base, NOW + 50), 60)).toBe(NOW + 100)
})

describe('isSessionRecord', () => {
  it('knows every record again after a seal', () => {
    check((record) => expect(isSessionRecord(JSON.parse(JSON.stringify(record)))).toBe(true))
  })

  it.each(['id', 'issuer', 'generation', 'expiresAt', 'touchedAt', 'attempt', 'tokens', 'claims'])(
    'refuses a record without %s, or with an odd one',
    (name) => {
      for (const odd of [undefined, null, true]) {
        check((record) => expect(isSessionRecord({ ...record, [name]: odd })).toBe(false))
      }
    },
  )

  it('refuses anything else, and never throws', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        expect(isSessionRecord(value)).toBe(false)
      }),
    )
  })
})
