import { defaults, seal as ironSeal, unseal as ironUnseal } from 'iron-webcrypto'
import type { RejectionReason } from '../../vocabulary/index.ts'
import { deriveBits, deriveKeyId } from './derive-key.ts'

/** A decrypted value. */
export interface Unsealed {
  readonly value: unknown
  /** It was encrypted with another secret than the first. */
  readonly isOld?: true
}

/** Encrypts JSON values so that only this application can read or create them. */
export interface Seal {
  seal(value: object): Promise<string>
  /** Decrypts a value, or returns the reason why this application did not create it. Never throws for invalid input. */
  unseal(sealed: string): Promise<Unsealed | { readonly rejected: RejectionReason }>
  /**
   * Returns the names of all keys, sorted and without duplicates. Seals with the same names can read each other's values,
   * whatever the order of their secrets is.
   */
  keyIds(): Promise<readonly string[]>
}

interface Key {
  readonly id: string
  readonly encryption: Uint8Array
  readonly integrity: Uint8Array
}

/** The Evertoken prefix before the iron format. `e1` identifies the key derivation and the content. */
const PREFIX = 'e1*'
/** Accepts one spelling only, because iron ignores the salts with raw keys and the spare bits at the end of the MAC. */
const FORMAT = /^e1\*Fe26\.2\*(\w{8})\*\*[\w-]{22}\*[\w-]+\*\*\*[\w-]{42}[AEIMQUYcgkosw048]$/

/**
 * Creates a seal that uses iron with raw keys. Each key is derived once from its secret (HKDF, RFC 5869).
 *
 * @param secrets - The first secret encrypts. All secrets decrypt.
 * @param purpose - Makes the keys different for each kind of value, so that one kind is not accepted as another.
 */
export function createSeal(secrets: readonly [string, ...string[]], purpose: string): Seal {
  let derived: [Key, ...Key[]] | undefined
  // Keep the resolved keys and not the promise: on some runtimes, a request cannot await the work of another one.
  const deriveAll = async () =>
    (derived = (await Promise.all(secrets.map((secret) => derive(secret, purpose)))) as [Key, ...Key[]])
  const keys = () => derived ?? deriveAll()

  return {
    async seal(value) {
      const [newest] = await keys()
      return PREFIX + (await ironSeal(value, newest, defaults))
    },
    async unseal(sealed) {
      const keyId = FORMAT.exec(sealed)?.[1]
      if (keyId === undefined) return { rejected: 'malformed' }
      const all = await keys()
      const key = all.find(({ id }) => id === keyId)
      if (!key) return { rejected: 'unknown_key' }
      try {
        const value = await ironUnseal(sealed.slice(PREFIX.length), { [key.id]: key }, defaults)
        return key.id === all[0].id ? { value } : { value, isOld: true }
      } catch {
        return { rejected: 'tampered' }
      }
    },
    async keyIds() {
      return [...new Set((await keys()).map(({ id }) => id))].toSorted()
    },
  }
}

async function derive(secret: string, purpose: string): Promise<Key> {
  const bits = (use: string) => deriveBits(secret, purpose, use)
  const id = await deriveKeyId(secret, purpose)
  return { id, encryption: await bits('encryption'), integrity: await bits('integrity') }
}
