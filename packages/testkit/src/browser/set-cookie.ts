/** A `Set-Cookie` line (RFC 6265bis section 5.6). */
export interface ParsedCookie {
  readonly name: string
  readonly value: string
  readonly maxAgeSeconds: number | undefined
  /** Seconds since the epoch. */
  readonly expires: number | undefined
  readonly domain: string | undefined
  readonly path: string | undefined
  readonly secure: boolean
  readonly httpOnly: boolean
  readonly sameSite: SameSite
}

/** Browsers treat a cookie without the attribute like `Lax`. */
export type SameSite = 'Strict' | 'Lax' | 'None'

const MAX_NAME_AND_VALUE = 4096
const MAX_ATTRIBUTE = 1024
/** Tabulators are the only control characters that browsers accept. */
// oxlint-disable-next-line no-control-regex
const CONTROL = /[\0-\x08\n-\x1f\x7f]/

/** @returns The cookie, or `undefined` if browsers ignore the line. */
export function parseSetCookie(line: string): ParsedCookie | undefined {
  if (CONTROL.test(line)) return undefined
  const [pair = '', ...rest] = line.split(';')
  const equals = pair.indexOf('=')
  const name = equals === -1 ? '' : trim(pair.slice(0, equals))
  const value = trim(pair.slice(equals + 1))
  const length = new TextEncoder().encode(name + value).length
  if (length === 0 || length > MAX_NAME_AND_VALUE) return undefined
  const attributes = attributesIn(rest)
  const { 'max-age': maxAge, expires, domain, path } = attributes
  return {
    name,
    value,
    maxAgeSeconds: maxAge === undefined ? undefined : Number(maxAge),
    expires: expires === undefined ? undefined : Date.parse(expires) / 1000,
    domain: domain?.replace(/^\./, '').toLowerCase() || undefined,
    path: path?.startsWith('/') ? path : undefined,
    secure: attributes['secure'] !== undefined,
    httpOnly: attributes['httponly'] !== undefined,
    sameSite: sameSiteOf(attributes['samesite']),
  }
}

/** If an attribute is repeated, the last valid one wins. */
function attributesIn(parts: readonly string[]): Record<string, string | undefined> {
  const attributes: Record<string, string> = {}
  for (const part of parts) {
    const [name = '', ...values] = part.split('=')
    const value = trim(values.join('='))
    const key = trim(name).toLowerCase()
    if (value.length > MAX_ATTRIBUTE) continue
    if (key === 'max-age' && !/^-?\d+$/.test(value)) continue
    if (key === 'expires' && Number.isNaN(Date.parse(value))) continue
    attributes[key] = value
  }
  return attributes
}

function sameSiteOf(value: string | undefined): SameSite {
  const lower = value?.toLowerCase()
  if (lower === 'strict') return 'Strict'
  return lower === 'none' ? 'None' : 'Lax'
}

function trim(text: string): string {
  return text.replaceAll(/^[ \t]+|[ \t]+$/g, '')
}
