import { fromBase64Url } from '../protocol/jwt.ts'
import { isJsonObject } from '../members.ts'

/** The longest `claims` that a login passes on, in characters. */
const MAX_LENGTH = 2048
const TEXT = /^[^\p{Cc}\p{Cs}]+$/u

/**
 * Whether a text requests claims of the access token, and no others (OIDC Core §5.5). APIs of Microsoft Entra ID require
 * such claims.
 */
export function isClaimsRequest(text: string): boolean {
  if (text.length > MAX_LENGTH || !TEXT.test(text)) return false
  const { access_token: wanted, ...others } = parse(text)
  return isJsonObject(wanted) && Object.keys(others).length === 0
}

/** Decodes the `claims` of a challenge. Returns `undefined` if no login can pass them on. */
export function decodeClaimsRequest(encoded: string): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(fromBase64Url(encoded))
    return isClaimsRequest(text) ? text : undefined
  } catch {
    return undefined
  }
}

/** Adds the claims that a link requests to the configured ones, which it cannot change. */
export function mergeClaimsRequests(configured: string, wanted: string): string {
  const { access_token: own, ...others } = parse(configured)
  const accessToken = { ...Object(parse(wanted)['access_token']), ...Object(own) } as object
  return JSON.stringify({ ...others, access_token: accessToken })
}

function parse(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    return isJsonObject(value) ? value : {}
  } catch {
    return {}
  }
}
