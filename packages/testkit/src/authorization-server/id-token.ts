import { fromBase64Url, toBase64Url } from './base64url.ts'
import type { Claims, ClaimsChange, IdTokenTweak } from './model.ts'
import { ALGORITHMS, createKeyPair, type SigningAlgorithm, toHmacKey } from './signing-algorithms.ts'

/** How a token is signed. By default, correctly and with the first algorithm. */
export interface Signature extends Omit<IdTokenTweak, 'claims'> {
  /** The secret of the client, for `HS256`. */
  readonly secret?: string | undefined
}

export interface Signer {
  /** The algorithms of the metadata. The first one signs by default. */
  readonly algorithms: readonly SigningAlgorithm[]
  /** Resolves to the published keys: one for each algorithm. */
  jwks(): Promise<{ keys: readonly object[] }>
  sign(claims: Claims, signature?: Signature): Promise<string>
  /** From now on other keys sign, and only they are published. */
  rotate(): void
  /** Resolves to the claims of a token this signer signed, expired or not. */
  verify(token: string, secret?: string): Promise<Claims | undefined>
  /** Resolves to the claim `at_hash` for an access token (OpenID Connect Core section 3.1.3.6). */
  hash(accessToken: string, algorithm?: SigningAlgorithm): Promise<string>
}

/** Chooses what the server publishes, from the public keys that sign. */
export type KeySet = (keys: readonly Claims[]) => readonly object[]

const encoder = new TextEncoder()

/** Returns the claims of a token that is correct except for this change. */
export function changeClaims(correct: Claims, change: ClaimsChange | undefined): Claims {
  return typeof change === 'function' ? change(correct) : { ...correct, ...change }
}

/** Each byte of a broken signature differs in these bits. */
const BROKEN_BITS = 0x5a

/**
 * Keys are made on first use: most tests never look at an ID token.
 *
 * @param keySet - Changes the published keys.
 */
export function createSigner(
  algorithms: readonly SigningAlgorithm[],
  keySet: KeySet = (keys) => keys,
): Signer {
  let generation = 1
  let made = new Map<SigningAlgorithm, Promise<CryptoKeyPair>>()
  const [usual = 'ES256'] = algorithms

  function pairOf(algorithm: SigningAlgorithm): Promise<CryptoKeyPair> {
    const pair = made.get(algorithm) ?? createKeyPair(algorithm)
    made.set(algorithm, pair)
    return pair
  }

  /** The first key has the shortest ID. */
  function keyId(algorithm: SigningAlgorithm): string {
    return algorithm === usual ? `key-${generation}` : `key-${generation}-${algorithm}`
  }

  async function publicKey(algorithm: SigningAlgorithm): Promise<Claims> {
    const { publicKey: key } = await pairOf(algorithm)
    const { kty, n, e, crv, x, y } = await crypto.subtle.exportKey('jwk', key)
    const jwk = { kty, n, e, crv, x, y, kid: keyId(algorithm), alg: algorithm, use: 'sig' }
    return JSON.parse(JSON.stringify(jwk))
  }

  async function signingKey(algorithm: SigningAlgorithm, secret = ''): Promise<CryptoKey> {
    return algorithm === 'HS256' ? toHmacKey(secret) : (await pairOf(algorithm)).privateKey
  }

  async function verificationKey(algorithm: SigningAlgorithm, secret = ''): Promise<CryptoKey> {
    return algorithm === 'HS256' ? toHmacKey(secret) : (await pairOf(algorithm)).publicKey
  }

  return {
    algorithms,
    async jwks() {
      const asymmetric = algorithms.filter((algorithm) => algorithm !== 'HS256')
      return { keys: keySet(await Promise.all(asymmetric.map(publicKey))) }
    },
    rotate() {
      generation++
      made = new Map()
    },
    async sign(claims, { algorithm = usual, signature, header, secret } = {}) {
      const kid = algorithm === 'HS256' ? undefined : keyId(algorithm)
      const honest = signature === 'none' ? { alg: 'none' } : { alg: algorithm, kid, typ: 'JWT' }
      const parts = [{ ...honest, ...header }, claims].map((part) => toBase64Url(JSON.stringify(part)))
      const input = parts.join('.')
      if (signature === 'none') return `${input}.`
      const key = await signingKey(algorithm, secret)
      const { crypto: parameters } = ALGORITHMS[algorithm]
      const bytes = new Uint8Array(await crypto.subtle.sign(parameters, key, encoder.encode(input)))
      return `${input}.${toBase64Url(signature === 'broken' ? bytes.map((byte) => byte ^ BROKEN_BITS) : bytes)}`
    },
    async verify(token, secret) {
      const [header, payload, signature] = token.split('.')
      if (!header || !payload || !signature) return undefined
      try {
        const { alg } = fromPart(header) as { readonly alg: SigningAlgorithm }
        const input = encoder.encode(`${header}.${payload}`)
        const key = await verificationKey(alg, secret)
        const { crypto: parameters } = ALGORITHMS[alg]
        const valid = await crypto.subtle.verify(parameters, key, fromBase64Url(signature), input)
        return valid ? fromPart(payload) : undefined
      } catch {
        return undefined
      }
    },
    async hash(accessToken, algorithm = usual) {
      const digest = await crypto.subtle.digest(ALGORITHMS[algorithm].hash, encoder.encode(accessToken))
      return toBase64Url(digest.slice(0, digest.byteLength / 2))
    },
  }
}

function fromPart(part: string): Claims {
  return JSON.parse(new TextDecoder().decode(fromBase64Url(part)))
}
