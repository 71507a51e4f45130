import { sha256 } from '../runtime/digest.ts'

const encoder = new TextEncoder()
/** The length of the name of a key, in characters. */
export const KEY_ID_LENGTH = 8

/** Derives 256 bits for one use from a secret (HKDF, RFC 5869). */
export async function deriveBits(secret: string, purpose: string, use: string): Promise<Uint8Array> {
  const material = await crypto.subtle.importKey('raw', encoder.encode(secret), 'HKDF', false, ['deriveBits'])
  const info = encoder.encode(`evertoken 1 ${purpose} ${use}`)
  const algorithm = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(32), info }
  return new Uint8Array(await crypto.subtle.deriveBits(algorithm, material, 256))
}

/** Derives the name of a key. It reveals nothing about the key, and has only letters, digits and underscores. */
export async function deriveKeyId(secret: string, purpose: string): Promise<string> {
  const bits = await deriveBits(secret, purpose, 'id')
  return (await sha256(String(bits))).replaceAll('-', '_').slice(0, KEY_ID_LENGTH)
}
