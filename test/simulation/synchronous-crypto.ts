import { createCipheriv, createDecipheriv, createHash, createHmac, hkdfSync } from 'node:crypto'

/** A key as this file makes it. Signature keys are symmetric in secret, because no test looks at their mathematics. */
interface Key {
  readonly type: 'public' | 'private' | 'secret'
  readonly extractable: boolean
  readonly algorithm: { readonly name: string; readonly namedCurve?: string }
  readonly usages: readonly string[]
  readonly bytes: Uint8Array
}

/**
 * Replaces WebCrypto by functions that finish immediately. The real one works on other threads, so that a run would
 * depend on their speed. Hashes, HMAC, HKDF and AES have their real results.
 */
export function makeCryptoSynchronous(): void {
  const subtle = {
    digest: resolved((_algorithm: unknown, data: BufferSource) =>
      createHash('sha256').update(view(data)).digest(),
    ),
    importKey: async (format: string, data: BufferSource | JsonWebKey, algorithm: unknown) =>
      format === 'jwk'
        ? signatureKey('public', Buffer.from((data as JsonWebKey).x ?? '', 'base64url'))
        : { ...PLAIN, algorithm: named(algorithm), bytes: view(data as BufferSource).slice() },
    deriveBits: resolved((algorithm: HkdfParams, { bytes }: Key, length: number) =>
      Buffer.from(hkdfSync('sha256', bytes, view(algorithm.salt), view(algorithm.info), length / 8)),
    ),
    generateKey: async () => {
      const bytes = crypto.getRandomValues(new Uint8Array(32))
      return { publicKey: signatureKey('public', bytes), privateKey: signatureKey('private', bytes) }
    },
    exportKey: async (_format: string, { bytes }: Key) => {
      const x = Buffer.from(bytes).toString('base64url')
      return { kty: 'EC', crv: 'P-256', x, y: x }
    },
    encrypt: resolved(({ iv }: AesCbcParams, { bytes }: Key, data: BufferSource) => {
      const cipher = createCipheriv('aes-256-cbc', bytes, view(iv))
      return Buffer.concat([cipher.update(view(data)), cipher.final()])
    }),
    decrypt: resolved(({ iv }: AesCbcParams, { bytes }: Key, data: BufferSource) => {
      const decipher = createDecipheriv('aes-256-cbc', bytes, view(iv))
      return Buffer.concat([decipher.update(view(data)), decipher.final()])
    }),
    sign: resolved((_algorithm: unknown, key: Key, data: BufferSource) => signature(key, data)),
    verify: async (_algorithm: unknown, key: Key, signed: BufferSource, data: BufferSource) =>
      signature(key, data).equals(view(signed)),
  }
  Object.defineProperty(crypto, 'subtle', { configurable: true, value: subtle })
}

const PLAIN = { type: 'secret', extractable: true, usages: [] } as const

function signatureKey(type: Key['type'], bytes: Uint8Array): Key {
  return { ...PLAIN, type, algorithm: { name: 'ECDSA', namedCurve: 'P-256' }, bytes }
}

function signature({ algorithm, bytes }: Key, data: BufferSource): Buffer {
  const hash = algorithm.name === 'ECDSA' ? 'sha512' : 'sha256'
  return createHmac(hash, bytes).update(view(data)).digest()
}

function named(algorithm: unknown): Key['algorithm'] {
  return typeof algorithm === 'string' ? { name: algorithm } : (algorithm as Key['algorithm'])
}

function view(data: BufferSource): Uint8Array {
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data)
}

/** Resolves to a separate buffer, as WebCrypto does. A failure rejects. */
function resolved<Values extends unknown[]>(work: (...values: Values) => Uint8Array) {
  return async (...values: Values): Promise<ArrayBuffer> => Uint8Array.from(work(...values)).buffer
}
