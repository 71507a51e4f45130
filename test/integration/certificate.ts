import { createSign, generateKeyPairSync, randomBytes } from 'node:crypto'

/** A certificate and its private key, in PEM. */
export interface Certificate {
  readonly cert: string
  readonly key: string
}

/** An authority, whose key signs other certificates. */
export interface Authority extends Certificate {
  readonly name: string
}

const YEAR_MS = 31_536_000_000
const COMMON_NAME = [0x06, 0x03, 0x55, 0x04, 0x03]
const ECDSA_WITH_SHA256 = [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02]
const BASIC_CONSTRAINTS = [0x06, 0x03, 0x55, 0x1d, 0x13]
const SUBJECT_ALT_NAME = [0x06, 0x03, 0x55, 0x1d, 0x11]

/**
 * Creates a certificate (RFC 5280 §4.1) for `127.0.0.1`.
 *
 * @param name - The common name of the subject.
 * @param options - Without an authority, the certificate signs itself. `ageYears`: how many years ago its validity of 1
 *   year began. From 1, the certificate has expired.
 */
export function createCertificate(
  name: string,
  { authority, ageYears = 0 }: { readonly authority?: Authority; readonly ageYears?: number } = {},
): Authority {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const algorithm = sequence(ECDSA_WITH_SHA256)
  const from = Date.now() - ageYears * YEAR_MS - 60_000
  const validity = sequence(time(from), time(from + YEAR_MS - 60_000))
  const address = tagged(0x30, tagged(0x87, [127, 0, 0, 1]))
  const extensions = sequence(
    // A certificate that signs itself is an authority.
    ...(authority
      ? []
      : [sequence(BASIC_CONSTRAINTS, [0x01, 0x01, 0xff], tagged(0x04, sequence([0x01, 0x01, 0xff])))]),
    sequence(SUBJECT_ALT_NAME, tagged(0x04, address)),
  )
  const content = sequence(
    tagged(0xa0, [0x02, 0x01, 0x02]),
    tagged(0x02, [0x01, ...randomBytes(15)]),
    algorithm,
    named(authority?.name ?? name),
    validity,
    named(name),
    [...publicKey.export({ type: 'spki', format: 'der' })],
    tagged(0xa3, extensions),
  )
  const signature = createSign('sha256')
    .update(Buffer.from(content))
    .sign(authority?.key ?? privateKey)
  const der = Buffer.from(sequence(content, algorithm, tagged(0x03, [0, ...signature])))
  // Bun refuses an empty line, which a line feed after each full line would cause if the last line is full.
  const text = der.toString('base64').replaceAll(/.{64}(?=.)/g, '$&\n')
  return {
    name,
    cert: `-----BEGIN CERTIFICATE-----\n${text}\n-----END CERTIFICATE-----\n`,
    key: String(privateKey.export({ type: 'pkcs8', format: 'pem' })),
  }
}

/** The certificate in base64, as a JWK has it in `x5c`. */
export function toX5c({ cert }: Certificate): string {
  return cert.replaceAll(/-----[^-]+-----|\s/g, '')
}

/** A name with only a common name. */
function named(name: string): number[] {
  return sequence(tagged(0x31, sequence(COMMON_NAME, tagged(0x0c, [...Buffer.from(name)]))))
}

function sequence(...parts: readonly (readonly number[])[]): number[] {
  return tagged(0x30, parts.flat())
}

function tagged(tag: number, content: readonly number[]): number[] {
  const { length } = content
  if (length < 0x80) return [tag, length, ...content]
  if (length < 0x100) return [tag, 0x81, length, ...content]
  return [tag, 0x82, length >> 8, length & 0xff, ...content]
}

/** A `UTCTime`. */
function time(ms: number): number[] {
  const text = new Date(ms).toISOString().replaceAll(/[-:T]|\.\d+/g, '')
  return tagged(0x17, [...Buffer.from(text.slice(2))])
}
