import type { SigningKey } from '@evertoken/core/credentials'

/** The parameters of Web Crypto for some algorithms of signatures. */
const PARAMETERS = {
  ES256: { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  PS256: {
    name: 'RSA-PSS',
    modulusLength: 2048,
    publicExponent: new Uint8Array([1, 0, 1]),
    hash: 'SHA-256',
    saltLength: 32,
  },
  EdDSA: { name: 'Ed25519' },
} as const

/** A private key of a client that cannot be exported, and the public key as the server gets it. */
export interface ClientKey {
  readonly signingKey: SigningKey & { readonly key: CryptoKey }
  readonly jwk: object
  /** Signs as a key service does. */
  sign(data: Uint8Array<ArrayBuffer>): Promise<Uint8Array>
}

export async function createClientKey(algorithm: keyof typeof PARAMETERS, keyId: string): Promise<ClientKey> {
  const parameters = PARAMETERS[algorithm]
  const pair = (await crypto.subtle.generateKey(parameters, false, ['sign', 'verify'])) as CryptoKeyPair
  const { kty, crv, x, y, n, e } = await crypto.subtle.exportKey('jwk', pair.publicKey)
  return {
    signingKey: { key: pair.privateKey, keyId, algorithm },
    jwk: { kty, crv, x, y, n, e, kid: keyId, use: 'sig', alg: algorithm },
    sign: async (data) => new Uint8Array(await crypto.subtle.sign(parameters, pair.privateKey, data)),
  }
}

/** Signs a JWT with HS256. */
export async function signHmac(claims: object, secret: string): Promise<string> {
  const encoder = new TextEncoder()
  const parameters = { name: 'HMAC', hash: 'SHA-256' }
  const key = await crypto.subtle.importKey('raw', encoder.encode(secret), parameters, false, ['sign'])
  const input = [{ alg: 'HS256' }, claims].map((part) => toBase64Url(encoder.encode(JSON.stringify(part))))
  const signature = await crypto.subtle.sign('HMAC', key, encoder.encode(input.join('.')))
  return [...input, toBase64Url(new Uint8Array(signature))].join('.')
}

function toBase64Url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
}
