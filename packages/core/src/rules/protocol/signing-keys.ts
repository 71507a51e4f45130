import { isJsonObject } from '../members.ts'
import { inTenant } from './issuer.ts'
import type { UncheckedJwt } from './jwt.ts'

/** A public key of the authorization server (RFC 7517 §4). None of its members was checked. */
export type PublicKey = Readonly<Record<string, unknown>>

/** The curves of the algorithms that use one (RFC 7518 §3.4, RFC 8037 §3.1, RFC 9864 §2.2). */
export const CURVES: Readonly<Record<string, string>> = {
  ES256: 'P-256',
  ES384: 'P-384',
  ES512: 'P-521',
  EdDSA: 'Ed25519',
  Ed25519: 'Ed25519',
}

const ASYMMETRIC = /^(?:[RPE]S(?:256|384|512)|EdDSA|Ed25519)$/
/** RSA moduli from 2048 bits (RFC 7518 §3.3) to 8192 bits, in base64url. A longer one takes long to verify with. */
const MODULUS = /^[\w-]{342,1366}$/
/** An exponent of at most 48 bits. A longer one takes long to verify with. */
const EXPONENT = /^[\w-]{1,8}$/
/** The most keys that are tried for one token. */
const MAX_TRIES = 10

/**
 * Returns the algorithms that the application accepts for ID tokens and logout tokens.
 *
 * @param configured - The option `idTokenSigningAlgorithm`.
 * @param listed - `id_token_signing_alg_values_supported` of the metadata.
 */
export function acceptedAlgorithms(configured: string | undefined, listed: unknown): readonly string[] {
  if (configured !== undefined) return [configured]
  // RS256 is the default of a client (OIDC Registration §2).
  if (!Array.isArray(listed) || listed.includes('RS256')) return ['RS256']
  return listed.filter((algorithm) => typeof algorithm === 'string' && isAsymmetric(algorithm))
}

/** Whether a signature with this algorithm is verified with a public key. */
export function isAsymmetric(algorithm: string): boolean {
  return ASYMMETRIC.test(algorithm)
}

/** Parses a JWK Set (RFC 7517 §5). Returns `undefined` if it is malformed. */
export function readKeySet(text: string): readonly PublicKey[] | undefined {
  try {
    const { keys } = Object(JSON.parse(text)) as { readonly keys?: unknown }
    return Array.isArray(keys) ? keys.filter(isJsonObject) : undefined
  } catch {
    return undefined
  }
}

/**
 * Returns the keys that may have signed a token, by its header and its issuer: at most ten.
 *
 * A key of another kind is never tried, whatever the token names (RFC 8725 §3.1).
 */
export function keysFor(
  { header: { alg, kid }, claims }: UncheckedJwt,
  keys: readonly PublicKey[],
): readonly PublicKey[] {
  const fitting = keys.filter((key) => {
    const { use = 'sig', key_ops: operations = ['verify'] } = key
    if (use !== 'sig' || !Array.isArray(operations) || !operations.includes('verify')) return false
    if ((kid ?? key['kid']) !== key['kid'] || (key['alg'] ?? alg) !== alg) return false
    if (!signsForIssuer(key, claims)) return false
    return isFitFor(String(alg), key)
  })
  return fitting.slice(0, MAX_TRIES)
}

/**
 * Whether a key can sign a token of this issuer. Keys of Microsoft Entra ID can name theirs, as a template for all tenants or
 * as the issuer of one tenant. Other keys name none.
 */
function signsForIssuer(
  { issuer }: PublicKey,
  { iss, tid = '' }: Readonly<Record<string, unknown>>,
): boolean {
  if (issuer === undefined) return true
  return typeof issuer === 'string' && typeof tid === 'string' && inTenant(issuer, tid) === iss
}

function isFitFor(algorithm: string, { kty, crv, n, e }: PublicKey): boolean {
  if (!isAsymmetric(algorithm)) return false
  const { [algorithm]: curve } = CURVES
  if (curve !== undefined) return crv === curve
  if (kty !== 'RSA' || typeof n !== 'string' || typeof e !== 'string') return false
  return MODULUS.test(n) && EXPONENT.test(e)
}
