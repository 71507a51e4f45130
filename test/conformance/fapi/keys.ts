import { constants, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'

const RSA = { modulusLength: 2048 }
const PS256 = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }
/** What the suite adds to each byte of a broken signature. */
const BROKEN = 0x5a

/** Keys take long to make, and no run changes them. */
const signing = generateKeyPairSync('rsa', RSA)
const alternate = generateKeyPairSync('rsa', RSA)
const decoy = generateKeyPairSync('ec', { namedCurve: 'P-256' })

/** The key of the client. */
export const CLIENT_KEY: { readonly publicKey: KeyObject; readonly privateKey: KeyObject } =
  generateKeyPairSync('rsa', RSA)
export const CLIENT_KEY_ID = 'client-key-1'

const SIGNING_ID = 'ps256-key'
const ALTERNATE_ID = 'rsa-none-alt-arg'

/** The published keys of the provider. */
export const PUBLIC_KEYS: readonly object[] = [
  { ...signing.publicKey.export({ format: 'jwk' }), kid: SIGNING_ID, use: 'sig', alg: 'PS256' },
  { ...alternate.publicKey.export({ format: 'jwk' }), kid: ALTERNATE_ID, use: 'sig' },
]
/** The same keys, and one of another type with the ID of the key that signs. */
export const KEYS_WITH_DECOY: readonly object[] = [
  { ...decoy.publicKey.export({ format: 'jwk' }), kid: SIGNING_ID, use: 'sig', alg: 'ES256' },
  ...PUBLIC_KEYS,
]

/**
 * How a JWT of the provider is signed. `valid`: with PS256, as announced. `none`: not at all. `broken`: with a signature that does
 * not fit. `alternate`: with RS256 and a published key, although the metadata does not list that algorithm.
 */
export type Signature = 'valid' | 'none' | 'broken' | 'alternate'

/** Creates a JWT of the provider. */
export function createJwt(claims: object, signature: Signature = 'valid'): string {
  const header = {
    valid: { alg: 'PS256', kid: SIGNING_ID },
    broken: { alg: 'PS256', kid: SIGNING_ID },
    none: { alg: 'none' },
    alternate: { alg: 'RS256', kid: ALTERNATE_ID },
  }[signature]
  const signed = [header, claims].map((part) => encode(JSON.stringify(part))).join('.')
  return `${signed}.${encode(bytesOf(signature, Buffer.from(signed)))}`
}

function bytesOf(signature: Signature, data: Buffer): Buffer {
  if (signature === 'none') return Buffer.alloc(0)
  if (signature === 'alternate') return sign('sha256', data, alternate.privateKey)
  const valid = sign('sha256', data, { key: signing.privateKey, ...PS256 })
  return signature === 'valid' ? valid : Buffer.from(valid.map((byte) => byte ^ BROKEN))
}

function encode(part: string | Buffer): string {
  return Buffer.from(part).toString('base64url')
}
