import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { userClaims } from '../../../src/rules/protocol/jwt.ts'

const PROTOCOL = ['aud', 'azp', 'exp', 'iat', 'nonce', 'at_hash', 'c_hash', 's_hash']

describe('userClaims', () => {
  it('keeps claims about the user or the sign-in, and unknown claims', () => {
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
