import { generateKeyPairSync } from 'node:crypto'
import * as fc from 'fast-check'
import { jwtVerify } from 'jose'
import { describe, expect, it } from 'vitest'
import { importSigningKey } from '../../../src/credentials.ts'
import { signJwt, toSigner } from '../../../src/mechanisms/protocol/signing-key.ts'
import { ConfigurationError } from '../../../src/vocabulary/index.ts'
import { failureOf } from '../bench.ts'
import { ALGORITHMS, createKeyPair, toPem } from './signing-keys-of-test.ts'

describe('importSigningKey', () => {
  it.each(ALGORITHMS)('imports the PEM of a key for %s, which then signs', async (algorithm) => {
    const pair = await createKeyPair(algorithm)
    const pem = await toPem(pair)
    const spellings = [pem, pem.replaceAll('\n', '\\n'), pem.replaceAll('\n', '\r\n'), `# my key\n${pem}`]
    for (const text of spellings) {
      const key = await importSigningKey(text, algorithm, 'key-1')
      expect(key).toMatchObject({ algorithm, keyId: 'key-1', key: { extractable: false, usages: ['sign'] } })
      const { payload } = await jwtVerify(await signJwt(toSigner(key), { n: 'ü' }), pair.publicKey)
      expect(payload).toEqual({ n: 'ü' })
    }
    expect(await importSigningKey(pem, algorithm)).not.toHaveProperty('keyId')
  })

  it('refuses everything else with the remedy, and repeats nothing of it', async () => {
    const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const canary = 'CANARY'
    const texts = [
      '',
      canary,
      ec.privateKey.export({ type: 'sec1', format: 'pem' }),
      ec.publicKey.export({ type: 'spki', format: 'pem' }),
      `-----BEGIN PRIVATE KEY-----\n${canary}\n-----END PRIVATE KEY-----`,
      `-----BEGIN PRIVATE KEY-----\n${canary}\n`,
      undefined as never,
    ]
    for (const text of texts) {
      const error = await failureOf(importSigningKey(String(text), 'ES256'))
      expect(error).toBeInstanceOf(ConfigurationError)
      expect(error).toMatchObject({ code: 'invalid_option' })
      expect(String(error)).toContain('openssl pkcs8 -topk8 -nocrypt')
      expect(JSON.stringify([String(error), error])).not.toContain(canary)
    }
    const pem = await toPem(await createKeyPair('ES256'))
    for (const algorithm of ['ES384', 'RS256', 'EdDSA', 'none' as never])
      expect(await failureOf(importSigningKey(pem, algorithm as 'ES384'))).toBeInstanceOf(ConfigurationError)
  })
})

describe('signJwt', () => {
  it('signs any claims', async () => {
    const pair = await createKeyPair('ES256')
    const claims = fc.dictionary(fc.stringMatching(/^x[a-z]{0,9}$/), fc.jsonValue(), {
      noNullPrototype: true,
    })
    const signer = toSigner({ key: pair.privateKey })
    await fc.assert(
      fc.asyncProperty(
        claims,
        fc.option(fc.constant('oauth-authz-req+jwt'), { nil: undefined }),
        async (given, typ) => {
          const { payload, protectedHeader } = await jwtVerify(
            await signJwt(signer, given, typ),
            pair.publicKey,
          )
          expect(payload).toEqual(JSON.parse(JSON.stringify(given)))
          expect(protectedHeader).toEqual(typ === undefined ? { alg: 'ES256' } : { alg: 'ES256', typ })
        },
      ),
      { numRuns: 50 },
    )
  })

  it('uses only the bytes of the signature, if they are a part of a larger buffer', async () => {
    const large = new Uint8Array(200).fill(7)
    const signer = toSigner({ sign: async () => large.subarray(10, 74), algorithm: 'ES256' })
    const [, , signature = ''] = (await signJwt(signer, {})).split('.')
    expect(Buffer.from(signature, 'base64url')).toEqual(Buffer.alloc(64, 7))
  })

  it('refuses an RSA key that is too short', async () => {
    const parameters = {
      name: 'RSA-PSS',
      hash: 'SHA-256',
      modulusLength: 1024,
      publicExponent: Uint8Array.of(1, 0, 1),
    }
    const { privateKey } = await crypto.subtle.generateKey(parameters, true, ['sign', 'verify'])
    expect(() => toSigner({ key: privateKey })).toThrow(/does not fit/)
  })
})
