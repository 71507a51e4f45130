import { isJsonObject } from '../members.ts'
import type { TimeReading } from '../../model/time-reading.ts'
import type { UserClaims } from '../../model/token-grant.ts'

/** A parsed JWT that has not been verified. */
export interface UncheckedJwt {
  readonly header: Readonly<Record<string, unknown>>
  readonly claims: Readonly<Record<string, unknown>>
}

/** Parses a compact JWS (RFC 7515 §3.1). Returns `undefined` for any other text. */
export function readJwt(token: string): UncheckedJwt | undefined {
  const [, header, claims] = /^([\w-]+)\.([\w-]+)\.[\w-]+$/.exec(token) ?? []
  try {
    return { header: readPart(header), claims: readPart(claims) }
  } catch {
    return undefined
  }
}

/**
 * Reads the claims of a token that may be malformed in every other part: unsigned, or with a broken header.
 *
 * @returns `undefined` if the claims cannot be read.
 */
export function readClaims(token: string | undefined): UncheckedJwt['claims'] | undefined {
  try {
    return readPart(token?.split('.')[1])
  } catch {
    return undefined
  }
}

/** @throws If the text is not base64url. */
export function fromBase64Url(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
  return Uint8Array.from(binary, (character) => character.charCodeAt(0))
}

/** @throws If it is not the base64url of a JSON object. */
function readPart(part = ''): Readonly<Record<string, unknown>> {
  const bytes = fromBase64Url(part)
  const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  if (isJsonObject(value)) return value
  throw new TypeError('Not a JSON object')
}

const PROTOCOL_CLAIMS = new Set(['aud', 'azp', 'exp', 'iat', 'nonce', 'at_hash', 'c_hash', 's_hash'])

/** Returns the claims about the user, without those that only the protocol needs. */
export function userClaims(idToken: object | undefined): UserClaims {
  return Object.fromEntries(Object.entries(idToken ?? {}).filter(([name]) => !PROTOCOL_CLAIMS.has(name)))
}

/** Whether the user has authenticated in one of the required ways (OIDC Core §3.1.2.1). */
export function hasRequiredAcr({ acr }: UserClaims, acrValues: string | undefined): boolean {
  return acrValues === undefined || (typeof acr === 'string' && acrValues.split(' ').includes(acr))
}

/** The `Date` of a server has a resolution of 1 second, and a server can refuse a JWT from the future. */
export const CLOCK_MARGIN_SECONDS = 1

/** Returns the time claims of a JWT that the client signs now (RFC 7519 §4.1). They are of the server's clock if it is known. */
export function jwtTimes(
  { server, wall }: TimeReading,
  lifetimeSeconds: number,
): { readonly iat: number; readonly nbf: number; readonly exp: number } {
  const iat = Math.floor(server ?? wall) - CLOCK_MARGIN_SECONDS
  return { iat, nbf: iat, exp: iat + lifetimeSeconds }
}
