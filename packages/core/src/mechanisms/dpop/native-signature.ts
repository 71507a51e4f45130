import type { ProofKey } from '../../model/proof-key.ts'

/** The part of `node:crypto` that signs. */
interface NodeCrypto {
  createPrivateKey(options: { readonly key: ProofKey; readonly format: 'jwk' }): object
  sign(
    hash: 'sha256' | null,
    data: Uint8Array,
    options: { readonly key: object; readonly dsaEncoding: 'ieee-p1363' },
  ): Uint8Array
}

interface Runtime {
  readonly process?: { getBuiltinModule?(name: 'node:crypto'): NodeCrypto | undefined }
}

/**
 * Returns a function that signs with the module of the runtime, or `undefined` if the runtime has none that can.
 *
 * Web Crypto hands each signature to another thread and back, which takes as long as the signature itself.
 */
export function createNativeSignature(key: ProofKey): ((data: Uint8Array) => Uint8Array) | undefined {
  const native = (globalThis as Runtime).process?.getBuiltinModule?.('node:crypto')
  try {
    const imported = native?.createPrivateKey({ key, format: 'jwk' })
    if (!native || !imported) return undefined
    // Ed25519 has its own hash.
    const hash = key['crv'] === 'Ed25519' ? null : 'sha256'
    const sign = (data: Uint8Array) => native.sign(hash, data, { key: imported, dsaEncoding: 'ieee-p1363' })
    // Runtimes that imitate the module lack parts of it, and then fail here.
    return sign(new Uint8Array(1)).length === SIGNATURE_BYTES ? sign : undefined
  } catch {
    return undefined
  }
}

/** Both algorithms have signatures of this length (RFC 7518 §3.4, RFC 8037). */
const SIGNATURE_BYTES = 64
