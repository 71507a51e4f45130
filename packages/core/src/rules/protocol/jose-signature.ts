import { ConfigurationError } from '../../vocabulary/index.ts'

/** The bytes of r and of s (RFC 7518 §3.4). */
const INTEGER_BYTES = { ES256: 32, ES384: 48 } as const

const SEQUENCE = 0x30
const INTEGER = 0x02

/**
 * Converts an ECDSA signature from DER, which key services return, to the format of a JWS.
 *
 * @param der - The signature in DER: a sequence of the integers r and s.
 * @param algorithm - The algorithm of the signature. It determines the length of the result.
 * @returns The bytes of r, followed by those of s: 64 for `ES256`, 96 for `ES384`.
 * @throws {ConfigurationError} If it is not the DER of a signature with this algorithm.
 * @example
 *   const sign = async (data: Uint8Array) => joseSignature(await keyService.sign(data), 'ES256')
 * @see {@link https://www.rfc-editor.org/rfc/rfc7518#section-3.4 RFC 7518, section 3.4: ECDSA}
 */
export function joseSignature(der: Uint8Array, algorithm: 'ES256' | 'ES384'): Uint8Array<ArrayBuffer> {
  const size = INTEGER_BYTES[algorithm]
  const signature = new Uint8Array(2 * size)
  // A sequence of two integers of at most 49 bytes has a length of one byte.
  let at = 2
  for (const end of [size, 2 * size]) {
    const [tag, length = 0] = der.subarray(at, at + 2)
    const integer = der.subarray(at + 2, at + 2 + length)
    // DER adds a zero in front of an integer whose first bit is set.
    const digits = integer.subarray(integer[0] === 0 ? 1 : 0)
    if (tag !== INTEGER || integer.length !== length || length === 0 || digits.length > size)
      throw notDer(algorithm)
    signature.set(digits, end - digits.length)
    at += 2 + length
  }
  if (der[0] !== SEQUENCE || der[1] !== at - 2 || der.length !== at) throw notDer(algorithm)
  return signature
}

function notDer(algorithm: string): ConfigurationError {
  const message = `The signature is not the DER of an ${algorithm} signature. If it is r and s already, use it unchanged.`
  return new ConfigurationError('invalid_option', message)
}
