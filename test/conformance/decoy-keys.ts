import { generateKeyPairSync, randomUUID } from 'node:crypto'

/** A public key that the provider publishes in addition to the key that signs. */
export type PublicKey = Readonly<Record<string, unknown>>

/** The kinds of keys of the suite. A client must not stumble over the curve that Web Crypto does not know. */
const KINDS = {
  RSA: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  'P-256': () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  secp256k1: () => generateKeyPairSync('ec', { namedCurve: 'secp256k1' }),
  Ed25519: () => generateKeyPairSync('ed25519'),
} as const

type Kind = keyof typeof KINDS

function decoy(kind: Kind, use: 'sig' | 'enc' = 'sig'): PublicKey {
  const jwk = KINDS[kind]().publicKey.export({ format: 'jwk' })
  return { ...jwk, use, kid: randomUUID() }
}

/** Keys take long to make, and no run changes them. */
const SIGNING = (['RSA', 'P-256', 'secp256k1', 'Ed25519'] as const).map((kind) => decoy(kind))
const MORE = (['RSA', 'P-256', 'RSA', 'P-256', 'secp256k1', 'secp256k1', 'Ed25519', 'Ed25519'] as const).map(
  (kind) => decoy(kind),
)
const ENCRYPTION = [decoy('RSA', 'enc'), decoy('P-256', 'enc')]

/** The base key set: two RSA keys, two P-256 keys, two others and two for encryption. No key names its algorithm. */
export function baseKeySet(signing: readonly PublicKey[]): readonly PublicKey[] {
  return [...SIGNING, ...signing.map(withoutAlgorithm), ...ENCRYPTION]
}

/** One key of each kind, without `kid`. The encryption keys keep theirs. */
export function singleKeysWithoutId(signing: readonly PublicKey[]): readonly PublicKey[] {
  const others = SIGNING.filter(({ crv }) => crv === 'secp256k1' || crv === 'Ed25519')
  return [...[...others, ...signing].map(withoutId), ...ENCRYPTION]
}

/** Three keys of each kind, without `kid`. Only one RSA key signs. */
export function severalKeysWithoutId(signing: readonly PublicKey[]): readonly PublicKey[] {
  return [...[...SIGNING, ...MORE, ...signing].map(withoutId), ...ENCRYPTION]
}

function withoutAlgorithm(key: PublicKey): PublicKey {
  return { ...key, alg: undefined }
}

function withoutId(key: PublicKey): PublicKey {
  return { ...key, alg: undefined, kid: undefined }
}
