import { describe, expect, it } from 'vitest'
import { isSignedBy, isSignedBySecret } from '../../../src/mechanisms/protocol/signature.ts'
import { keysFor, readKeySet } from '../../../src/rules/protocol/signing-keys.ts'

describe('S9: a signature that cannot be checked is wrong, and throws nothing', () => {
  it('which is not base64url', async () => {
    for (const token of ['e30.e30.A', 'e30.e30.*', 'e30.e30.', 'e30'])
      expect(await isSignedBySecret(token, 'secret')).toBe(false)
  })

  it('with a key whose members are deep lists', async () => {
    const deep = '['.repeat(100_000) + ']'.repeat(100_000)
    const text = `{"keys":[{"kty":"EC","crv":"P-256","x":${deep},"y":"y"}]}`
    const keys = readKeySet(text) ?? []
    expect(keys).toHaveLength(1)
    expect(await isSignedBy('e30.e30.AAAA', 'ES256', keys)).toBe(false)
  })

  it('with an RSA key whose modulus or exponent is a list', () => {
    const jwt = { header: { alg: 'RS256' }, claims: {} }
    const n = 'n'.repeat(342)
    const fits = { kty: 'RSA', n, e: 'AQAB' }
    expect(keysFor(jwt, [fits, { ...fits, n: [n] }, { ...fits, e: [['AQAB']] }])).toEqual([fits])
  })
})
