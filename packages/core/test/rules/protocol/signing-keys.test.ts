import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  acceptedAlgorithms,
  isAsymmetric,
  keysFor,
  readKeySet,
} from '../../../src/rules/protocol/signing-keys.ts'

const N = 'n'.repeat(342)
const RSA = { kty: 'RSA', n: N, e: 'AQAB' }
const P256 = { kty: 'EC', crv: 'P-256', x: 'x', y: 'y' }
const ALGORITHMS = ['RS256', 'PS512', 'ES256', 'ES384', 'EdDSA', 'HS256', 'none', 'constructor', '']

/** Keys with right and wrong members in any combination. */
const keys = fc.array(
  fc.record(
    {
      kty: fc.constantFrom('RSA', 'EC', 'OKP', 'oct', 1),
      crv: fc.constantFrom('P-256', 'P-384', 'secp256k1', 'Ed25519', 'X25519', null),
      n: fc.constantFrom(N, 'n', 'n'.repeat(1_000_000)),
      e: fc.constantFrom('AQAB', 'A'.repeat(500)),
      use: fc.constantFrom('sig', 'enc'),
      key_ops: fc.constantFrom(['verify'], ['encrypt'], 'verify'),
      kid: fc.constantFrom('a', 'b', 1),
      alg: fc.constantFrom(...ALGORITHMS),
      k: fc.constant('c2VjcmV0'),
    },
    { requiredKeys: [] },
  ),
  { maxLength: 40 },
)

describe('acceptedAlgorithms', () => {
  it.each([
    [undefined, undefined, ['RS256']],
    [undefined, 'ES256', ['RS256']],
    [undefined, ['ES256', 'RS256', 'none'], ['RS256']],
    [undefined, ['HS256', 'none', 'ES256', 'EdDSA', 7], ['ES256', 'EdDSA']],
    [undefined, ['none', 'HS256'], []],
    ['ES256', ['RS256'], ['ES256']],
    ['HS256', undefined, ['HS256']],
  ])('S9: configured %j, listed %j: %j', (configured, listed, expected) => {
    expect(acceptedAlgorithms(configured, listed)).toEqual(expected)
  })

  it('S9: never contains `none` or an algorithm with a secret, whatever the server lists', () => {
    fc.assert(
      fc.property(fc.anything(), fc.array(fc.constantFrom(...ALGORITHMS)), (anything, listed) => {
        for (const each of [anything, listed])
          expect(acceptedAlgorithms(undefined, each).every(isAsymmetric)).toBe(true)
      }),
    )
  })
})

const jwt = (header: object, claims: object = {}) => ({ header: { ...header }, claims: { ...claims } })

describe('keysFor', () => {
  it.each([
    ['https://login.microsoftonline.com/{tenantid}/v2.0', true],
    ['https://login.microsoftonline.com/a/v2.0', true],
    ['https://login.microsoftonline.com/b/v2.0', false],
    ['https://login.microsoftonline.com/{tenantid}/v1.0', false],
    ['{tenantid}', false],
    [null, false],
    [undefined, true],
  ])('S9: a key that names the issuer %j signs for one tenant: %j', (issuer, expected) => {
    const claims = { iss: 'https://login.microsoftonline.com/a/v2.0', tid: 'a' }
    const known = [{ ...RSA, issuer }]
    expect(keysFor(jwt({ alg: 'RS256' }, claims), known)).toEqual(expected ? known : [])
    expect(keysFor(jwt({ alg: 'RS256' }, { ...claims, tid: ['a'] }), known)).toEqual(
      issuer === undefined ? known : [],
    )
  })

  it('S9: returns at most ten keys, each of the kind of the algorithm, for this use and not too long', () => {
    fc.assert(
      fc.property(fc.constantFrom(...ALGORITHMS), fc.constantFrom('a', undefined), keys, (alg, kid, set) => {
        const found = keysFor(jwt({ alg, kid }), set)
        expect(found.length).toBeLessThanOrEqual(10)
        for (const key of found) {
          const { use = 'sig', n = '', e = '' } = key
          expect(use).toBe('sig')
          expect([alg, undefined]).toContain(key['alg'])
          if (kid !== undefined) expect(key['kid']).toBe(kid)
          if (/^[RP]S/.test(alg))
            expect([key['kty'], String(n).length, String(e).length]).toEqual(['RSA', 342, 4])
          else expect(isAsymmetric(alg) && key['crv']).toBeTruthy()
        }
      }),
    )
  })

  it('S9: finds all keys that fit if the token names none, and skips the others', () => {
    const other = { kty: 'EC', crv: 'secp256k1', x: 'x', y: 'y' }
    const encryption = { ...RSA, use: 'enc' }
    const known = [{ ...RSA, kid: '1' }, P256, other, encryption, { ...RSA, kid: '2', alg: 'PS256' }]
    expect(keysFor(jwt({ alg: 'RS256' }), known)).toEqual([known[0]])
    expect(keysFor(jwt({ alg: 'PS256' }), known)).toEqual([known[0], known[4]])
    expect(keysFor(jwt({ alg: 'ES256' }), known)).toEqual([P256])
    expect(keysFor(jwt({ alg: 'ES256', kid: '1' }), known)).toEqual([])
  })
})

describe('readKeySet', () => {
  it('returns the objects of the set, and `undefined` for anything else', () => {
    expect(readKeySet('{"keys":[{"kty":"RSA"},null,1,"x",[{"kty":"RSA"}]]}')).toEqual([{ kty: 'RSA' }])
    for (const text of ['', '[]', 'null', '{"keys":{}}', '{', '1']) expect(readKeySet(text)).toBeUndefined()
    fc.assert(fc.property(fc.string(), (text) => void readKeySet(text)))
  })
})
