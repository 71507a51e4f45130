import { sameText } from '../../rules/same-text.ts'
import type { RejectionReason } from '../../vocabulary/index.ts'
import { deriveBits, deriveKeyId } from './derive-key.ts'
import { toBase64Url } from '../runtime/digest.ts'

/** Authenticates values that this application issued, so that rejecting a forged value costs only this check. */
export interface CookieMac {
  /** Returns the value with the name of the key and the authentication code. */
  sign(value: string): Promise<string>
  /** Returns the value, or the reason why the cookie is rejected. Never throws. */
  open(cookie: string): Promise<{ readonly value: string } | { readonly rejected: RejectionReason }>
}

interface Key {
  readonly id: string
  readonly key: CryptoKey
}

/** Matches a random ID, the name of a key, and an HMAC-SHA-256 code. */
const FORMAT = /^([\w-]{43})\.(\w{8})\.([\w-]{43})$/
const HMAC = { name: 'HMAC', hash: 'SHA-256' } as const
const encoder = new TextEncoder()

/** @param secrets - The first secret signs. All secrets verify. */
export function createCookieMac(secrets: readonly [string, ...string[]], purpose: string): CookieMac {
  let derived: [Key, ...Key[]] | undefined
  // Keep the resolved keys and not the promise: on some runtimes, a request cannot await the work of another one.
  const deriveAll = () => Promise.all(secrets.map((secret) => derive(secret, purpose)))
  const keys = async () => (derived ??= (await deriveAll()) as [Key, ...Key[]])

  return {
    async sign(value) {
      const [{ id, key }] = await keys()
      return `${value}.${id}.${await codeOf(value, key)}`
    },
    async open(cookie) {
      const [, value, keyId, code] = FORMAT.exec(cookie) ?? []
      if (value === undefined || code === undefined) return { rejected: 'malformed' }
      const known = (await keys()).find(({ id }) => id === keyId)
      if (!known) return { rejected: 'unknown_key' }
      return sameText(await codeOf(value, known.key), code) ? { value } : { rejected: 'tampered' }
    },
  }
}

async function codeOf(value: string, key: CryptoKey): Promise<string> {
  return toBase64Url(new Uint8Array(await crypto.subtle.sign('HMAC', key, encoder.encode(value))))
}

async function derive(secret: string, purpose: string): Promise<Key> {
  const bits = await deriveBits(secret, purpose, 'mac')
  const key = await crypto.subtle.importKey('raw', bits as BufferSource, HMAC, false, ['sign'])
  return { id: await deriveKeyId(secret, purpose), key }
}
