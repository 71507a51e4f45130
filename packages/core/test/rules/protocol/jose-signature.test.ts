import { generateKeyPairSync, sign, verify } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { joseSignature } from '../../../src/rules/protocol/jose-signature.ts'
import { ConfigurationError } from '../../../src/vocabulary/index.ts'

const SIZES = { ES256: 32, ES384: 48 } as const
const algorithm = fc.constantFrom('ES256' as const, 'ES384' as const)

/** The DER of one integer: as short as possible, and never negative. */
function integer(bytes: Uint8Array): number[] {
  const first = bytes.findIndex((byte) => byte !== 0)
  const digits = first === -1 ? [0] : [...bytes.subarray(first)]
  const positive = (digits[0] ?? 0) >= 0x80 ? [0, ...digits] : digits
  return [0x02, positive.length, ...positive]
}

function der(r: Uint8Array, s: Uint8Array): Uint8Array {
  const body = [...integer(r), ...integer(s)]
  return Uint8Array.from([0x30, body.length, ...body])
}

describe('joseSignature', () => {
  it('returns r and s with their full length', () => {
    fc.assert(
      fc.property(
        algorithm.chain((alg) =>
          fc.tuple(
            fc.constant(alg),
            fc.uint8Array({ minLength: SIZES[alg], maxLength: SIZES[alg] }),
            fc.uint8Array({ minLength: SIZES[alg], maxLength: SIZES[alg] }),
            // Integers that begin with zeros are shorter in DER.
            fc.nat(SIZES[alg]),
          ),
        ),
        ([alg, r, s, zeros]) => {
          r.fill(0, 0, zeros)
          expect(joseSignature(der(r, s), alg)).toEqual(Uint8Array.from([...r, ...s]))
        },
      ),
    )
  })

  it.each([
    ['ES256' as const, 'P-256', 'sha256'],
    ['ES384' as const, 'P-384', 'sha384'],
  ])('converts signatures of a real key for %s', (alg, namedCurve, hash) => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve })
    for (let i = 0; i < 50; i++) {
      const data = Buffer.from(`data ${i}`)
      const signature = joseSignature(sign(hash, data, { key: privateKey, dsaEncoding: 'der' }), alg)
      expect(verify(hash, data, { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature)).toBe(true)
    }
  })

  it('throws only a typed error for other bytes, without repeating them', () => {
    const wrong = fc.oneof(
      fc.uint8Array({ maxLength: 140 }),
      // Almost DER: one byte differs, or the end is missing, or something follows.
      fc
        .tuple(
          fc.uint8Array({ minLength: 32, maxLength: 32 }),
          fc.nat(69),
          fc.nat(255),
          fc.integer({ min: -5, max: 5 }),
        )
        .map(([r, at, byte, more]) => {
          const bytes = [...der(r, r)]
          bytes[at] = byte
          return Uint8Array.from(more < 0 ? bytes.slice(0, more) : [...bytes, ...Array<number>(more).fill(1)])
        }),
    )
    fc.assert(
      fc.property(wrong, algorithm, (bytes, alg) => {
        try {
          expect(joseSignature(bytes, alg)).toHaveLength(2 * SIZES[alg])
        } catch (error) {
          expect(error).toBeInstanceOf(ConfigurationError)
          expect(error).toMatchObject({ code: 'invalid_option' })
        }
      }),
      { numRuns: 1000 },
    )
  })

  it('refuses a signature that is r and s already, of another curve, or longer', () => {
    const r = new Uint8Array(32).fill(0x7f)
    const good = der(r, r)
    expect(joseSignature(good, 'ES256')).toHaveLength(64)
    const wrong = [
      Uint8Array.from([...r, ...r]),
      der(new Uint8Array(48).fill(0x7f), r),
      Uint8Array.from([...good, 0]),
      good.subarray(0, -1),
      Uint8Array.from([0x31, ...good.subarray(1)]),
      new Uint8Array(),
    ]
    for (const bytes of wrong) expect(() => joseSignature(bytes, 'ES256')).toThrow(/not the DER/)
  })
})
