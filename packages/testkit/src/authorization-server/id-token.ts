import { fromBase64Url, toBase64Url } from './base64url.ts'
import type { IdTokenTweak } from './model.ts'

/** The algorithm that signs ID tokens and logout tokens. */
export type SigningAlgorithm = 'ES256' | 'RS256'
export type Claims = Record<string, unknown>

export interface Signer {
  readonly algorithm: SigningAlgorithm
  jwks(): Promise<{ keys: JsonWebKey[] }>
  sign(claims: Claims, signature?: IdTokenTweak['signature'], header?: Claims): Promise<string>
  /** From now on another key signs, and is the only one that is published. */
  rotate(): void
  /** Resolves to the claims of a token this signer signed, expired or not. */
  verify(token: string): Promise<Claims | undefined>
}

const PARAMETERS = {
  ES256: { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  RS256: {
    name: 'RSASSA-PKCS1-v1_5',
    modulusLength: 2048,
    publicExponent: new Uint8Array([1, 0, 1]),
    hash: 'SHA-256',
  },
} as const

const encoder = new TextEncoder()

/** Keys are made on first use: most tests never look at an ID token. */
export function createSigner(algorithm: SigningAlgorithm): Signer {
  const parameters = PARAMETERS[algorithm]
  let generation = 1
  let made: Promise<CryptoKeyPair> | undefined
  const kid = () => `key-${generation}`
  const keys = () => (made ??= crypto.subtle.generateKey(parameters, true, ['sign', 'verify']))

  return {
    algorithm,
    async jwks() {
      const { kty, n, e, crv, x, y } = await crypto.subtle.exportKey('jwk', (await keys()).publicKey)
      const key = { kty, n, e, crv, x, y, kid: kid(), alg: algorithm, use: 'sig' }
      return { keys: [JSON.parse(JSON.stringify(key))] }
    },
    rotate() {
      generation++
      made = undefined
    },
    async sign(claims, signature, extra = {}) {
      const honest = signature === 'none' ? { alg: 'none' } : { alg: algorithm, kid: kid(), typ: 'JWT' }
      const header = { ...honest, ...extra }
      const input = `${toBase64Url(JSON.stringify(header))}.${toBase64Url(JSON.stringify(claims))}`
      if (signature === 'none') return `${input}.`
      const signed = signature === 'broken' ? `${input}x` : input
      const { privateKey } = await keys()
      return `${input}.${toBase64Url(await crypto.subtle.sign(parameters, privateKey, encoder.encode(signed)))}`
    },
    async verify(token) {
      const [header, payload, signature] = token.split('.')
      if (!header || !payload || !signature) return undefined
      try {
        const input = encoder.encode(`${header}.${payload}`)
        const { publicKey } = await keys()
        const valid = await crypto.subtle.verify(parameters, publicKey, fromBase64Url(signature), input)
        return valid ? JSON.parse(new TextDecoder().decode(fromBase64Url(payload))) : undefined
      } catch {
        return undefined
      }
    },
  }
}
