import type { ProofKey } from '../../model/proof-key.ts'
import { ConfigurationError, type RedactedCause } from '../../vocabulary/index.ts'
import { createRecentMap } from '../runtime/bounded-map.ts'
import { sha256, toBase64Url } from '../runtime/digest.ts'
import { redact } from '../runtime/redact.ts'
import { createNativeSignature } from './native-signature.ts'

/** The signature algorithms of proofs. */
export type ProofAlgorithm = 'ES256' | 'EdDSA'

/** The parameters of an algorithm for the creation and the import of keys, and for signatures. */
const PARAMETERS = {
  ES256: { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  EdDSA: { name: 'Ed25519' },
} as const

/** The members of a public key, in the order of a thumbprint (RFC 7638 §3.2). */
const PUBLIC = ['crv', 'kty', 'x', 'y']
/** The number of sessions whose keys are ready for use in this process. */
const MAX_IMPORTED = 1000

type Sign = (data: Uint8Array<ArrayBuffer>) => Uint8Array | Promise<Uint8Array>

/** A key that was imported, and the parts that all proofs with it share. */
interface ImportedKey {
  /** The encoded header of its proofs. */
  readonly header: string
  /** Signs with Web Crypto, which works in another thread. */
  readonly signAside: Sign
  /** Signs in this thread, which takes less time in all. */
  readonly signHere: Sign
}

/** Signs proofs. Each key is imported once, so a proof costs one signature. */
export interface ProofSigner {
  createKey(): Promise<ProofKey>
  adoptKey(key: object | undefined): Promise<ProofKey>
  thumbprint(key: ProofKey): Promise<string>
  /**
   * Returns the signed proof as a JWT.
   *
   * @param isBusy - Whether this process has other work to do in the meantime.
   */
  sign(key: ProofKey, claims: object, isBusy: boolean): Promise<string>
}

/** @param newAlgorithm - The algorithm of new keys. Keys from before keep theirs. */
export function createProofSigner(newAlgorithm: ProofAlgorithm): ProofSigner {
  // The key is kept, not its promise: some runtimes let no request await what another one started.
  const imported = createRecentMap<string, ImportedKey>(MAX_IMPORTED)

  async function importKey(key: ProofKey): Promise<ImportedKey> {
    const algorithm = key['crv'] === 'Ed25519' ? 'EdDSA' : 'ES256'
    const signAside = await createWebSignature(key, PARAMETERS[algorithm])
    const header = encode({ typ: 'dpop+jwt', alg: algorithm, jwk: ordered(key, PUBLIC) })
    const entry = { header, signAside, signHere: createNativeSignature(key) ?? signAside }
    imported.set(nameOf(key), entry)
    return entry
  }

  return {
    async createKey() {
      const parameters = PARAMETERS[newAlgorithm]
      const pair = await crypto.subtle.generateKey(parameters, true, ['sign', 'verify']).catch(throwUnusable)
      return toProofKey(await crypto.subtle.exportKey('jwk', (pair as CryptoKeyPair).privateKey))
    },
    async adoptKey(key) {
      if (!key) throw unusable('Pass the private key of your token request as `proofKey`.')
      const adopted = toProofKey(key)
      await importKey(adopted)
      return adopted
    },
    thumbprint: (key) => sha256(JSON.stringify(ordered(key, PUBLIC))),
    async sign(key, claims, isBusy) {
      const { header, signAside, signHere } = imported.get(nameOf(key)) ?? (await importKey(key))
      const input = `${header}.${encode(claims)}`
      const signature = await (isBusy ? signAside : signHere)(encoder.encode(input))
      return `${input}.${toBase64Url(signature)}`
    },
  }
}

async function createWebSignature(
  key: ProofKey,
  parameters: (typeof PARAMETERS)[ProofAlgorithm],
): Promise<Sign> {
  const imported = await crypto.subtle.importKey('jwk', key, parameters, false, ['sign']).catch(throwUnusable)
  return async (data) => new Uint8Array(await crypto.subtle.sign(parameters, imported, data))
}

const encoder = new TextEncoder()

/** The private part identifies a key in the memory of this process. */
function nameOf(key: ProofKey): string {
  return String(key['d'])
}

function encode(value: object): string {
  return toBase64Url(encoder.encode(JSON.stringify(value)))
}

function toProofKey(key: object): ProofKey {
  return ordered(key as ProofKey, [...PUBLIC, 'd'])
}

/** Returns the named members in this order, which a thumbprint prescribes. workerd exports members without a value. */
function ordered(key: ProofKey, names: readonly string[]): ProofKey {
  return Object.fromEntries(names.filter((name) => key[name]).map((name) => [name, String(key[name])]))
}

function throwUnusable(error: unknown): never {
  throw unusable('This runtime cannot use it. Use a P-256 key (`ES256`), and sign in again.', redact(error))
}

function unusable(problem: string, cause?: RedactedCause): ConfigurationError {
  const message = `Cannot sign DPoP proofs without a private key. ${problem}`
  return new ConfigurationError('sender_constraint_refused', message, { cause })
}
