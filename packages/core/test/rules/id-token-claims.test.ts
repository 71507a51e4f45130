import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { continuesSignIn, namesAnotherUser, userClaims } from '../../src/rules/id-token-claims.ts'
import type { UserClaims } from '../../src/rules/session-record.ts'

const PROTOCOL = ['aud', 'azp', 'exp', 'iat', 'nonce', 'at_hash', 'c_hash', 's_hash']

describe('userClaims', () => {
  it('keeps what is about the user or the sign-in, and what it does not know', () => {
    const about = {
      iss: 'i',
      sub: 'u',
      sid: 's',
      auth_time: 1,
      acr: 'a',
      amr: ['pwd'],
      name: 'Ann',
      odd: { x: [1] },
    }
    const protocol = Object.fromEntries(PROTOCOL.map((name) => [name, 'x']))
    expect(userClaims({ ...about, ...protocol })).toEqual(about)
  })

  it('S10: is empty for an absent ID token', () => {
    expect(userClaims(undefined)).toEqual({})
  })

  it('takes any claims, and makes no prototype of one', () => {
    const names = fc.oneof(fc.string(), fc.constantFrom(...PROTOCOL, '__proto__', 'constructor'))
    fc.assert(
      fc.property(fc.dictionary(names, fc.jsonValue()), (claims) => {
        const expected = Object.keys(claims).filter((name) => !PROTOCOL.includes(name))
        expect(Object.keys(userClaims(claims))).toEqual(expected)
      }),
    )
    const hostile = userClaims(JSON.parse('{"__proto__":{"sub":"admin"}}') as object)
    expect(hostile.sub).toBeUndefined()
  })
})

const issuer = 'https://login.example.com'

describe('namesAnotherUser', () => {
  it.each<[UserClaims, object, boolean]>([
    [{ sub: 'u' }, { sub: 'u' }, false],
    [{ sub: 'u' }, { sub: 'u', iss: issuer }, false],
    [{ sub: 'u' }, { sub: 'v' }, true],
    [{ sub: 'u' }, { sub: 'U' }, true],
    [{ sub: 'u' }, { sub: 1 }, true],
    [{ sub: 'u' }, { sub: null }, true],
    [{ sub: '' }, { sub: 'u' }, true],
    [{ sub: 'u' }, {}, false],
    [{}, { sub: 'u' }, false],
    [{}, { sub: 'u', iss: `${issuer}/` }, true],
    [{ sub: 'u' }, { sub: 'u', iss: null }, true],
  ])('S10: from %j to %j: %j', (claims, token, expected) => {
    expect(namesAnotherUser({ claims, issuer }, { ...token })).toBe(expected)
  })

  it('S10: compares with the ID token of the session, if it has one', () => {
    const original = { iss: 'https://other.example', sub: 'u' }
    expect(namesAnotherUser({ claims: {}, original, issuer }, original)).toBe(false)
    expect(namesAnotherUser({ claims: {}, original, issuer }, { ...original, iss: issuer })).toBe(true)
    expect(namesAnotherUser({ claims: {}, original, issuer }, { ...original, sub: 'v' })).toBe(true)
  })
})

describe('continuesSignIn', () => {
  it.each([
    [{ sub: 'u' }, { sub: 'u' }, true],
    [{ sub: 'u' }, {}, false],
    [{}, { sub: 'u' }, false],
    [{ sub: 'u', auth_time: 1 }, { sub: 'u', auth_time: 1 }, true],
    [{ sub: 'u', auth_time: 1 }, { sub: 'u', auth_time: 2 }, false],
    [{ sub: 'u', auth_time: 0 }, { sub: 'u', auth_time: 1 }, false],
    [{ sub: 'u', auth_time: 1 }, { sub: 'u' }, true],
    [{ sub: 'u' }, { sub: 'u', auth_time: 1 }, true],
  ])('S10: from %j to %j', (claims, token, expected) => {
    expect(continuesSignIn({ claims, issuer }, token)).toBe(expected)
  })

  it.each<[object, object, boolean]>([
    [{ aud: 'c' }, { aud: 'c' }, true],
    [{ aud: 'c' }, { aud: ['c', 'd'] }, true],
    [{ aud: ['c', 'd'] }, { aud: 'c' }, false],
    [{}, { aud: 'c' }, true],
    [{ azp: 'c' }, { azp: 'c' }, true],
    [{ azp: 'c' }, {}, false],
    [{}, { azp: 'c' }, false],
    [{ nonce: 'n' }, { nonce: 'n' }, true],
    [{ nonce: 'n' }, {}, true],
    [{ nonce: 'n' }, { nonce: 'm' }, false],
  ])('S10: from the ID token %j to %j', (original, token, expected) => {
    const known = { claims: { sub: 'u' }, original: { ...original }, issuer }
    expect(continuesSignIn(known, { sub: 'u', ...token })).toBe(expected)
  })
})
