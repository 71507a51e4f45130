import { describe, expect, it } from 'vitest'
import { jarm } from '../../src/authorization.ts'
import { importSigningKey } from '../../src/credentials.ts'
import { fapi2 } from '../../src/fapi.ts'
import { createMemoryStore } from '../../src/index.ts'
import { checkOptions } from '../../src/surface/options.ts'
import { ConfigurationError } from '../../src/vocabulary/index.ts'
import { ALGORITHMS, createKeyPair } from '../mechanisms/protocol/signing-keys-of-test.ts'

const { privateKey: key } = await createKeyPair('ES256')
const profile = fapi2({ key: { key } })

function check(options: object): unknown {
  const all = {
    issuer: 'https://bank.example.com',
    clientId: 'tpp',
    encryptionSecret: 'a secret of thirty-two characters',
    store: createMemoryStore(),
    profile,
    ...options,
  }
  try {
    return checkOptions(all)
  } catch (error) {
    return error
  }
}

describe('fapi2()', () => {
  it('sets how requests are sent, how the client authenticates and how tokens are bound', () => {
    expect(check({})).toMatchObject({
      authentication: { method: 'private_key_jwt' },
      authorizationRequest: { mode: 'par' },
      senderConstraint: { method: 'dpop' },
      responseMode: 'query',
    })
    expect(check({ profile: fapi2({ key: { key }, messageSigning: true }) })).toMatchObject({
      authorizationRequest: { mode: 'par+jar' },
      responseMode: 'query.jwt',
    })
  })

  it('with `messageSigning` keeps another mode of signed responses', () => {
    const signing = fapi2({ key: { key }, messageSigning: true })
    const settings = check({ profile: signing, responseMode: jarm('form_post.jwt') })
    expect(settings).toMatchObject({ responseMode: 'form_post.jwt' })
  })

  it('refuses signed responses with another algorithm, with and without `messageSigning`', () => {
    for (const messageSigning of [true, false]) {
      const chosen = fapi2({ key: { key }, messageSigning })
      const withAlgorithm = (algorithm?: string) =>
        check({
          profile: chosen,
          responseMode: jarm('query.jwt', algorithm === undefined ? {} : { algorithm }),
        })
      for (const algorithm of ['RS256', 'HS256', 'PS384'])
        expect(withAlgorithm(algorithm)).toMatchObject({ code: 'profile_violated' })
      for (const algorithm of [undefined, 'PS256', 'ES256'])
        expect(withAlgorithm(algorithm)).toMatchObject({ responseMode: 'query.jwt' })
    }
  })

  it('with `mtls` binds tokens to the certificate of `fetch`, and not to a key', () => {
    const settings = check({ profile: fapi2({ key: { key }, senderConstraint: 'mtls' }), fetch })
    expect(settings).toMatchObject({ authentication: { method: 'private_key_jwt' } })
    expect(settings).toMatchObject({ senderConstraint: { method: 'mtls' } })
  })

  it('refuses an option that weakens it, at the start, with the name of the option and the remedy', () => {
    const error = check({ clientSecret: 'canary' })
    expect(error).toBeInstanceOf(ConfigurationError)
    expect(error).toMatchObject({ code: 'profile_violated' })
    expect(String(error)).toMatch(/Option `clientSecret` is not allowed with `fapi2\(\)`\. Remove it/)
    expect(String(error)).not.toContain('canary')
  })

  it('is the only value of the option `profile`', () => {
    for (const value of [null, {}, { name: 'fapi2' }, 'fapi2', 7])
      expect(check({ profile: value })).toMatchObject({ code: 'invalid_option' })
  })

  it('checks the options of the application as before', () => {
    expect(check({ clientId: '' })).toMatchObject({ code: 'invalid_option' })
    expect(check({ issuer: 'http://bank.example.com' })).toMatchObject({ code: 'invalid_option' })
    expect(check({ issuer: 'http://localhost:3000' })).toMatchObject({ issuer: 'http://localhost:3000' })
  })

  it('accepts keys for PS256, ES256 and EdDSA, and refuses all others', async () => {
    for (const algorithm of ALGORITHMS) {
      const { privateKey } = await createKeyPair(algorithm)
      const create = () => fapi2({ key: { key: privateKey, algorithm } })
      const remote = () => fapi2({ key: { algorithm, sign: async () => new Uint8Array(64) } })
      if (['PS256', 'ES256', 'EdDSA'].includes(algorithm)) {
        expect(create()).toEqual({ name: 'fapi2' })
        expect(remote()).toEqual({ name: 'fapi2' })
      } else
        for (const each of [create, remote]) expect(each).toThrow(`The algorithm ${algorithm} of \`key\``)
    }
  })

  it('refuses a key that is too short or cannot sign', async () => {
    const publicExponent = Uint8Array.from([1, 0, 1])
    const parameters = { name: 'RSA-PSS', hash: 'SHA-256', modulusLength: 1024, publicExponent }
    const short = await crypto.subtle.generateKey(parameters, false, ['sign', 'verify'])
    expect(() => fapi2({ key: { key: short.privateKey } })).toThrow(ConfigurationError)
    expect(() => fapi2({ key: { key: short.publicKey } })).toThrow(ConfigurationError)
    expect(() => fapi2({ key: undefined } as never)).toThrow(ConfigurationError)
    expect(() => fapi2({} as never)).toThrow('`key` is missing')
    expect(() => fapi2({ key: { key }, dpop: false } as never)).toThrow('Unknown option `dpop`')
    await expect(importSigningKey('', 'PS256')).rejects.toThrow(ConfigurationError)
  })
})
