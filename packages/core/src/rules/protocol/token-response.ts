import { omitUndefined, isJsonObject } from '../members.ts'
import type { TokenGrant } from '../../model/token-grant.ts'
import type { StoredToken } from '../../model/stored-tokens.ts'

const YEAR_SECONDS = 31_536_000

/** The lifetime of a token whose response does not specify one, in seconds. */
export const DEFAULT_LIFETIME_SECONDS = 300

/**
 * Reads a token response (RFC 6749 §5.1) leniently: Evertoken ignores a malformed member and keeps the others.
 *
 * @param time - When the request was sent. The lifetime starts there.
 * @returns `undefined` if the body is not a JSON object.
 */
export function readTokenResponse(
  body: unknown,
  time: Pick<StoredToken, 'obtainedAt' | 'ahead'>,
): TokenGrant | undefined {
  if (!isJsonObject(body)) return undefined
  const [value, refreshToken, scope, idToken] = [
    body['access_token'],
    body['refresh_token'],
    body['scope'],
    body['id_token'],
  ].map(readText)
  const usable = value !== undefined && isTokenText(value) && isBearer(body['token_type'])
  const expiresAt = time.obtainedAt + lifetimeSeconds(body['expires_in'])
  const accessToken = usable ? omitUndefined({ value, type: 'Bearer', ...time, expiresAt, scope }) : undefined
  return omitUndefined({ accessToken, refreshToken, scope, idToken })
}

/**
 * Returns a lifetime in seconds, at most a year.
 *
 * A value that is missing, malformed or not positive is not used. A lifetime of 0 would cause a refresh at every call.
 */
export function lifetimeSeconds(expiresIn: unknown): number {
  const seconds = typeof expiresIn === 'string' && /^\d+$/.test(expiresIn) ? Number(expiresIn) : expiresIn
  const isKnown = typeof seconds === 'number' && seconds >= 1
  return isKnown ? Math.min(Math.floor(seconds), YEAR_SECONDS) : DEFAULT_LIFETIME_SECONDS
}

/** Whether a `token_type` is `Bearer`. Some servers omit it, although RFC 6749 §5.1 requires it. */
function isBearer(type: unknown): boolean {
  return type === undefined || type === null || (typeof type === 'string' && /^(?:bearer)?$/i.test(type))
}

function readText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

/**
 * Whether a text can be a token: visible ASCII (RFC 6749 appendix A.12) without space.
 *
 * RFC 6750 §2.1 allows fewer characters, but many servers use others. Characters that could end a header are refused.
 */
export function isTokenText(value: string): boolean {
  return /^[!-~]+$/.test(value)
}
