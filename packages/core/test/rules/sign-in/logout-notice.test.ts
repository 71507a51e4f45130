import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { endsNewSession, namesOfLogout, namesOfSession } from '../../../src/rules/sign-in/logout-notice.ts'
import { isSignedOut } from '../../../src/rules/protocol/logout-token.ts'
import { newSession } from '../../../src/model/session-transitions.ts'
import type { UserClaims } from '../../../src/model/token-grant.ts'

const NOW = 1_800_000_000
/** Few values, so that they often match. A `sub` can have the text of a `sid`. */
const name = fc.constantFrom('a', 'b')
const time = fc.integer({ min: NOW - 2, max: NOW + 2 })
const claims = fc.record({ sub: name, sid: name, auth_time: time }, { requiredKeys: [] })
const names = fc.record({ sub: name, sid: name }, { requiredKeys: [] })

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

function sessionOf(user: UserClaims, iat?: number, now = NOW) {
  const idToken = iat === undefined ? undefined : `${part({})}.${part({ iat })}.x`
  const base = {
    id: 'id',
    issuer: 'https://login.example.com',
    clientId: 'web',
    expiresAt: now + 60,
    claims: user,
  }
  return newSession(base, { idToken }, '', now)
}

describe('a logout that arrives before its session', () => {
  it('ends the sessions that it would end later, if the user authenticated before it', () => {
    fc.assert(
      fc.property(
        claims,
        names.filter(({ sub, sid }) => sub !== undefined || sid !== undefined),
        fc.boolean(),
        time,
        time,
        (user, token, all, issuedAt, iat) => {
          const record = sessionOf(user, iat)
          const known = namesOfLogout(token, all).map((each) => JSON.stringify(each))
          const ends = namesOfSession(user).some((each) =>
            endsNewSession(each, known.includes(JSON.stringify(each)) ? issuedAt : undefined, record),
          )
          const isOwn = token.sid !== undefined && token.sid === user.sid
          const isBefore = (user.auth_time ?? iat) <= issuedAt
          expect(ends).toBe(isSignedOut(user, token, all) && (isOwn || isBefore))
        },
      ),
      { numRuns: 2000 },
    )
  })

  it.each([
    ['auth_time', { auth_time: NOW - 5 }, NOW, NOW - 5],
    ['the ID token', {}, NOW - 5, NOW - 5],
    ['the start of the session', {}, undefined, NOW],
    ['an `auth_time` that is a number', { auth_time: 'yesterday' }, NOW - 5, NOW - 5],
  ])('takes the time of the authentication from %s', (_what, extra, iat, at) => {
    const record = sessionOf({ sub: 'a', ...extra }, iat)
    expect(endsNewSession(['sub', 'a'], at, record)).toBe(true)
    expect(endsNewSession(['sub', 'a'], at - 1, record)).toBe(false)
    expect(endsNewSession(['sub', 'a'], undefined, record)).toBe(false)
    expect(endsNewSession(['sid', 'a'], at - 1, record)).toBe(true)
    expect(endsNewSession(['sid', 'a'], undefined, record)).toBe(false)
  })
})
