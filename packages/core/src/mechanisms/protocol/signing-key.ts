import type { SigningAlgorithm, SigningKey, SigningKeySource } from '../../ports/signing-key.ts'
import { fromBase64Url } from '../../rules/protocol/jwt.ts'
import { type ConfigurationCode, ConfigurationError } from '../../vocabulary/index.ts'
import { toBase64Url } from '../runtime/digest.ts'
import type { AuthenticationContext } from './client-authentication.ts'
import { parametersOf } from './signature.ts'

/** The length of a signature in bytes. `undefined`: it depends on the key. */
const SIGNATURE_BYTES: Readonly<Record<SigningAlgorithm, number | undefined>> = {
  ES256: 64,
  ES384: 96,
  PS256: undefined,
  PS384: undefined,
  RS256: undefined,
  EdDSA: 64,
}
const ALGORITHMS = Object.keys(SIGNATURE_BYTES) as SigningAlgorithm[]
/** The shortest modulus of an RSA key, in bits (RFC 7518 §3.3). */
const MIN_MODULUS_BITS = 2048

/** A fault of a key or of a signature. Its message is a text from Evertoken, never from a key service. */
export class KeyFault extends Error {
  readonly code: ConfigurationCode

  constructor(message: string, code: ConfigurationCode = 'invalid_option') {
    super(message)
    this.code = code
  }
}

/** A checked key that signs JWTs. */
export interface Signer {
  /** The members of the header that identify the key. */
  readonly header: { readonly alg: SigningAlgorithm; readonly kid: string | undefined }
  /** Whether a key service signs, which can be slow. */
  readonly isRemote: boolean
  sign(data: Uint8Array<ArrayBuffer>): Promise<Uint8Array>
}

/**
 * Checks a key, which is from code of the application.
 *
 * @throws {KeyFault} If it cannot sign.
 */
export function toSigner(given: unknown): Signer {
  const { key, sign, keyId: kid, algorithm } = Object(given) as Partial<Record<string, unknown>>
  if (kid !== undefined && (typeof kid !== 'string' || kid === ''))
    throw new KeyFault('The `keyId` of the signing key must be a string.')
  const named = ALGORITHMS.find((each) => each === algorithm)
  if (algorithm !== undefined && named === undefined)
    throw new KeyFault(`The \`algorithm\` of the signing key must be one of ${ALGORITHMS.join(', ')}.`)
  if (typeof sign === 'function') {
    if (named === undefined)
      throw new KeyFault('The `algorithm` of the signing key is missing. A key with `sign` needs it.')
    const remote = given as Extract<SigningKey, { readonly sign: unknown }>
    return { header: { alg: named, kid }, isRemote: true, sign: (data) => remote.sign(data) }
  }
  const { type, usages, algorithm: of } = Object(key) as Partial<CryptoKey>
  if (type !== 'private' || !usages?.includes('sign') || of === undefined)
    throw new KeyFault(
      'The signing key must be a private `CryptoKey` with the usage `sign`. Import it with `importSigningKey`.',
    )
  const alg = (named === undefined ? ALGORITHMS : [named]).find((each) => isFitFor(of, each))
  if (alg === undefined) throw new KeyFault(`The signing key does not fit ${named ?? ALGORITHMS.join(', ')}.`)
  const local = key as CryptoKey
  return {
    header: { alg, kid },
    isRemote: false,
    sign: async (data) => new Uint8Array(await crypto.subtle.sign(parametersOf(alg), local, data)),
  }
}

function isFitFor(key: KeyAlgorithm, algorithm: SigningAlgorithm): boolean {
  const { name, hash, namedCurve } = parametersOf(algorithm)
  const {
    hash: ofKey,
    namedCurve: curve,
    modulusLength,
  } = key as Partial<RsaHashedKeyAlgorithm & EcKeyAlgorithm>
  return (
    key.name === name &&
    (ofKey?.name ?? hash) === hash &&
    (curve ?? namedCurve) === namedCurve &&
    (modulusLength ?? MIN_MODULUS_BITS) >= MIN_MODULUS_BITS
  )
}

function toConfigurationError({ message, code }: KeyFault): ConfigurationError {
  return new ConfigurationError(code, message)
}

/**
 * @param check - Throws a `KeyFault` if the key cannot be used.
 * @throws {ConfigurationError} If the key cannot be used. A function is not called yet.
 */
export function checkKeySource(source: unknown, check: (key: unknown) => unknown = toSigner): void {
  try {
    if (typeof source !== 'function') check(source)
  } catch (error) {
    throw error instanceof KeyFault ? toConfigurationError(error) : error
  }
}

/** Resolves to the current key. Use it in `askForKey`. */
export async function currentSigner(source: SigningKeySource): Promise<Signer> {
  return toSigner(typeof source === 'function' ? await source() : source)
}

/**
 * Calls functions of the application that return a key or sign with it.
 *
 * @param timeoutMs - How long they may take, if not as long as usual, in milliseconds.
 * @throws {OperatorError} If they fail or take too long.
 * @throws {ConfigurationError} If the key or the signature cannot be used.
 */
export async function askForKey<T>(
  ask: AuthenticationContext['ask'],
  timeoutMs: number | undefined,
  work: () => Promise<T>,
): Promise<T> {
  const result = await ask<T | KeyFault>(async () => {
    try {
      return await work()
    } catch (error) {
      // Only Evertoken creates it, so its message is safe.
      if (error instanceof KeyFault) return error
      throw error
    }
  }, timeoutMs)
  if (result instanceof KeyFault) throw toConfigurationError(result)
  return result
}

/**
 * Creates a compact JWS (RFC 7515 §3.1).
 *
 * @param type - The `typ` of the header.
 * @throws {KeyFault} If the key service returns something that is not a signature.
 */
export async function signJwt({ header, sign }: Signer, claims: object, type?: string): Promise<string> {
  const encoder = new TextEncoder()
  const parts = [{ ...header, typ: type }, claims]
  const signed = parts.map((part) => toBase64Url(encoder.encode(JSON.stringify(part)))).join('.')
  const signature: unknown = await sign(encoder.encode(signed))
  if (!ArrayBuffer.isView(signature)) throw new KeyFault('The function `sign` must return a `Uint8Array`.')
  const { buffer, byteOffset, byteLength } = signature
  const expected = SIGNATURE_BYTES[header.alg] ?? byteLength
  if (byteLength === 0 || byteLength !== expected)
    throw new KeyFault(
      `The function \`sign\` returned ${byteLength} bytes, but an ${header.alg} signature has ${expected}. ` +
        'Convert DER with `joseSignature`.',
    )
  return `${signed}.${toBase64Url(new Uint8Array(buffer, byteOffset, byteLength))}`
}

/**
 * Imports a private key from PEM. It cannot be exported again.
 *
 * @param pem - The key in PKCS #8, which begins with `-----BEGIN PRIVATE KEY-----`. Line breaks can be written as `\n`, as
 *   in environment variables.
 * @param algorithm - The algorithm with which the key signs.
 * @param keyId - The `kid` of the key in the JWK Set that the authorization server knows.
 * @returns The key, for `privateKeyJwt`.
 * @throws {ConfigurationError} If it is not a private key in this format, or does not fit the algorithm.
 * @example
 *   const key = await importSigningKey(process.env.CLIENT_KEY ?? '', 'ES256', 'key-1')
 *   const auth = evertoken({ ...options, clientAuthentication: privateKeyJwt(key) })
 * @see {@link https://www.rfc-editor.org/rfc/rfc5208#section-5 RFC 5208, section 5: Private-Key Information Syntax}
 */
export async function importSigningKey(
  pem: string,
  algorithm: SigningAlgorithm,
  keyId?: string,
): Promise<SigningKey> {
  const [, text = ''] = /-----BEGIN PRIVATE KEY-----(.+)-----END PRIVATE KEY-----/s.exec(pem) ?? []
  try {
    const bytes = fromBase64Url(text.replaceAll(/\\[nr]|\s/g, ''))
    const key = await crypto.subtle.importKey('pkcs8', bytes, parametersOf(algorithm), false, ['sign'])
    return { key, algorithm, ...(keyId !== undefined && { keyId }) }
  } catch {
    const message =
      `The key is not a private key for ${algorithm} in PKCS #8 (\`-----BEGIN PRIVATE KEY-----\`). ` +
      'Convert other formats with `openssl pkcs8 -topk8 -nocrypt`.'
    throw new ConfigurationError('invalid_option', message)
  }
}
