import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  isApiNonceError,
  isTokenNonceError,
  proofClaims,
  readNonce,
} from '../../../src/rules/protocol/dpop.ts'

const facts = {
  url: new URL('https://api.example.com/a'),
  method: 'GET',
  id: 'id',
  now: 1.9,
  nonce: undefined,
}
const nonceCharacters = fc.stringMatching(/^[!#-[\]-~]{1,40}$/)

describe('proofClaims', () => {
  it('S18: names the URL without query and fragment, whatever they are', () => {
    fc.assert(
      fc.property(fc.webUrl({ withQueryParameters: true, withFragments: true }), (text) => {
        const url = new URL(text)
        const { htu } = proofClaims({ ...facts, url }) as { readonly htu: string }
        expect(htu).not.toMatch(/[?#]/)
        expect(new URL(htu).href).toBe(url.href.replace(/[?#].*$/s, ''))
      }),
    )
  })

  it('has a nonce and the hash of a token only if there is one, and is never from the future', () => {
    expect(proofClaims(facts)).toEqual({ jti: 'id', htm: 'GET', htu: 'https://api.example.com/a', iat: 0 })
    expect(proofClaims({ ...facts, nonce: 'n', tokenHash: 'h' })).toMatchObject({ nonce: 'n', ath: 'h' })
  })
})

describe('readNonce', () => {
  it('accepts exactly the characters of a nonce', () => {
    fc.assert(
      fc.property(nonceCharacters, (nonce) => {
        expect(readNonce(new Headers({ 'dpop-nonce': nonce }))).toBe(nonce)
      }),
    )
    for (const invalid of ['', 'a b', 'a"b', 'a\\b', 'x'.repeat(1025)])
      expect(readNonce(new Headers({ 'dpop-nonce': invalid }))).toBeUndefined()
    expect(readNonce(new Headers())).toBeUndefined()
  })
})

describe('a server that asks for a nonce', () => {
  const challenge = 'DPoP error="use_dpop_nonce"'
  const headers = (nonce?: string, authenticate = challenge) =>
    new Headers({ 'www-authenticate': authenticate, ...(nonce !== undefined && { 'dpop-nonce': nonce }) })

  it('is an API that responds with 401 and the error', () => {
    expect(isApiNonceError({ status: 401, headers: headers('n') })).toBe(true)
    expect(isApiNonceError({ status: 401, headers: headers('n', `Basic, ${challenge}`) })).toBe(true)
    expect(isApiNonceError({ status: 403, headers: headers('n') })).toBe(false)
    expect(isApiNonceError({ status: 401, headers: headers('n', 'DPoP error="invalid_token"') })).toBe(false)
    expect(isApiNonceError({ status: 401, headers: headers('n', 'Bearer error="use_dpop_nonce"') })).toBe(
      false,
    )
  })

  it('is a token endpoint that responds with the error', () => {
    expect(isTokenNonceError({ error: 'use_dpop_nonce' })).toBe(true)
    expect(isTokenNonceError({ error: 'invalid_grant' })).toBe(false)
    expect(isTokenNonceError(undefined)).toBe(false)
  })
})
