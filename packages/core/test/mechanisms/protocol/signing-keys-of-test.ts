import type { SigningAlgorithm } from '../../../src/ports/signing-key.ts'

const PARAMETERS: Record<SigningAlgorithm, RsaHashedKeyGenParams & EcKeyGenParams> = {
  ES256: ec('P-256'),
  ES384: ec('P-384'),
  PS256: rsa('RSA-PSS', 256),
  PS384: rsa('RSA-PSS', 384),
  RS256: rsa('RSASSA-PKCS1-v1_5', 256),
  EdDSA: { ...ec(''), name: 'Ed25519' },
}

export const ALGORITHMS = Object.keys(PARAMETERS) as SigningAlgorithm[]

function ec(namedCurve: string): RsaHashedKeyGenParams & EcKeyGenParams {
  return { ...rsa('ECDSA', 256), namedCurve }
}

function rsa(name: string, bits: number): RsaHashedKeyGenParams & EcKeyGenParams {
  const publicExponent = Uint8Array.from([1, 0, 1])
  return { name, hash: `SHA-${bits}`, modulusLength: 2048, publicExponent, namedCurve: '' }
}

/** An extractable key pair for an algorithm. */
export async function createKeyPair(algorithm: SigningAlgorithm): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey(PARAMETERS[algorithm], true, ['sign', 'verify'])
}

/** The private key of a pair in PEM, as PKCS #8. */
export async function toPem({ privateKey }: CryptoKeyPair): Promise<string> {
  const bytes = await crypto.subtle.exportKey('pkcs8', privateKey)
  const text = Buffer.from(bytes)
    .toString('base64')
    .replaceAll(/.{64}(?=.)/g, '$&\n')
  return `-----BEGIN PRIVATE KEY-----\n${text}\n-----END PRIVATE KEY-----\n`
}
