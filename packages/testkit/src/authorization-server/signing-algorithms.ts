/** An algorithm that signs ID tokens and logout tokens. `HS256` uses the secret of the client as the key. */
export type SigningAlgorithm = 'ES256' | 'ES384' | 'RS256' | 'PS256' | 'EdDSA' | 'HS256'

interface AlgorithmParameters {
  /** The parameters of Web Crypto, for creating a key and for signing. Each function ignores those of the others. */
  readonly crypto: { readonly name: string; readonly [parameter: string]: unknown }
  /** The hash that shortens an access token to `at_hash` (OpenID Connect Core section 3.1.3.6). */
  readonly hash: 'SHA-256' | 'SHA-384' | 'SHA-512'
}

const RSA = { modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-256' }

export const ALGORITHMS: Readonly<Record<SigningAlgorithm, AlgorithmParameters>> = {
  ES256: { crypto: { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }, hash: 'SHA-256' },
  ES384: { crypto: { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' }, hash: 'SHA-384' },
  RS256: { crypto: { name: 'RSASSA-PKCS1-v1_5', ...RSA }, hash: 'SHA-256' },
  PS256: { crypto: { name: 'RSA-PSS', ...RSA, saltLength: 32 }, hash: 'SHA-256' },
  EdDSA: { crypto: { name: 'Ed25519' }, hash: 'SHA-512' },
  HS256: { crypto: { name: 'HMAC', hash: 'SHA-256' }, hash: 'SHA-256' },
}

export async function createKeyPair(algorithm: SigningAlgorithm): Promise<CryptoKeyPair> {
  const keys = await crypto.subtle.generateKey(ALGORITHMS[algorithm].crypto, true, ['sign', 'verify'])
  return keys as CryptoKeyPair
}

/** The key of `HS256`: the bytes of the client secret (OpenID Connect Core section 10.1). */
export function toHmacKey(secret: string): Promise<CryptoKey> {
  const bytes = new TextEncoder().encode(secret)
  return crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign', 'verify'])
}
