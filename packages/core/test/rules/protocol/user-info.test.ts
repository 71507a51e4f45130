import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { readUserInfo, withUserInfo } from '../../../src/rules/protocol/user-info.ts'

const PROTOCOL = [
  'iss',
  'aud',
  'azp',
  'exp',
  'iat',
  'nonce',
  'at_hash',
  'sid',
  'acr',
  'amr',
  'auth_time',
  '__proto__',
]
const names = fc.oneof(fc.constantFrom(...PROTOCOL, 'sub', 'email', 'name', 'constructor'), fc.string())
const claims = fc
  .array(fc.tuple(names, fc.jsonValue()))
  .map((members) => Object.fromEntries(members) as Record<string, unknown>)

it('UserInfo adds claims, and never replaces a claim of the ID token or names one of the protocol', () => {
  fc.assert(
    fc.property(claims, claims, (idToken, userInfo) => {
      const merged = withUserInfo(idToken, userInfo)
      expect(Object.getPrototypeOf(merged)).toBe(Object.prototype)
      for (const name of new Set([...Object.keys(merged), ...Object.keys(idToken)])) {
        const source = Object.hasOwn(idToken, name) ? idToken : userInfo
        expect(Object.getOwnPropertyDescriptor(merged, name)).toEqual(
          Object.getOwnPropertyDescriptor(source, name),
        )
        if (PROTOCOL.includes(name)) expect(Object.hasOwn(idToken, name)).toBe(true)
      }
      for (const name of ['email', 'name', 'sub'])
        expect(Object.hasOwn(merged, name)).toBe(
          Object.hasOwn(idToken, name) || Object.hasOwn(userInfo, name),
        )
    }),
  )
})

it('UserInfo is an object without deep nesting', () => {
  const deep: unknown = JSON.parse(`${'{"a":'.repeat(30_000)}1${'}'.repeat(30_000)}`)
  for (const value of [deep, [], null, 'text', 1, undefined]) expect(readUserInfo(value)).toBeUndefined()
  expect(readUserInfo({ sub: 'user-1', address: { country: 'NO' } })).toBeDefined()
})
