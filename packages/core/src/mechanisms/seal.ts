import { defaults, seal as ironSeal, unseal as ironUnseal } from 'iron-webcrypto'
import type { RejectionReason } from '../vocabulary/index.ts'
import { deriveBits, deriveKeyId } from './derive-key.ts'

/** Seals JSON values so that only this application can read or make them. */
export interface Seal {
  seal(value: object): Promise<string>
  /** Never throws for what somebody sent: a reason tells why it is not ours. */
  unseal(sealed: string): Promise<{ readonly value: unknown } | { readonly rejected: RejectionReason }>
}

interface Key {
  readonly id: string
  readonly encryption: Uint8Array
  readonly integrity: Uint8Array
}

/** Of our own format, before iron's: `e1` says how keys are derived and what is inside. */
const PREFIX = 'e1*'
/** The one spelling of a seal: iron ignores salts beside raw keys, and spare bits at the end of the MAC. */
const FORMAT = /^e1\*Fe26\.2\*(\w{8})\*\*[\w-]{22}\*[\w-]+\*\*\*[\w-]{42}[AEIMQUYcgkosw048]$/

/**
 * Sealing with iron under raw keys that are derived once from each secret (HKDF, RFC 5869).
 *
 * @param secrets - The first one seals, all of them open.
 * @param purpose - Makes the keys different for every kind of value, so that one kind cannot pass for another.
 */
export function createSeal(secrets: readonly [string, ...string[]], purpose: string): Seal {
  let derived: [Key, ...Key[]] | undefined
  // The resolved keys are kept, never the promise: some runtimes let no request await what another one started.
  const deriveAll = () => Promise.all(secrets.map((secret) => derive(secret, purpose)))
  const keys = async () => (derived ??= (await deriveAll()) as [Key, ...Key[]])

  return {
    async seal(value) {
      const [newest] = await keys()
      return PREFIX + (await ironSeal(value, newest, defaults))
    },
    async unseal(sealed) {
      const keyId = FORMAT.exec(sealed)?.[1]
      if (keyId === undefined) return { rejected: 'malformed' }
      const key = (await keys()).find(({ id }) => id === keyId)
      if (!key) return { rejected: 'unknown_key' }
      try {
        return { value: await ironUnseal(sealed.slice(PREFIX.length), { [key.id]: key }, defaults) }
      } catch {
        return { rejected: 'tampered' }
      }
    },
  }
}

async function derive(secret: string, purpose: string): Promise<Key> {
  const bits = (use: string) => deriveBits(secret, purpose, use)
  const id = await deriveKeyId(secret, purpose)
  return { id, encryption: await bits('encryption'), integrity: await bits('integrity') }
}
