import { isJsonObject } from '../members.ts'
import type { UserClaims } from '../../model/token-grant.ts'

/** The size limit of a UserInfo response, in characters. Each request of the user carries the claims, or a store does. */
export const MAX_USER_INFO = 65_536
/** Deeper objects could end a process that writes them as JSON. */
const MAX_DEPTH = 16

/**
 * Members of a UserInfo response that no session takes. Only the ID token proves how and for which client the user signed
 * in. The claims of other servers can come with access tokens (OIDC Core §5.6.2).
 */
const IGNORED =
  /^(?:iss|aud|azp|exp|nbf|iat|jti|nonce|.*_hash|sid|auth_time|acr|amr|events|_claim_names|_claim_sources|__proto__)$/

/** Returns the members of a UserInfo response (OIDC Core §5.3.2). Returns `undefined` if it is not usable. */
export function readUserInfo(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return isJsonObject(value) && isShallow(value, MAX_DEPTH) ? value : undefined
}

/** Whether the response means "later". GitHub responds with 403 to too many requests. */
export function isRateLimit(status: number, headers: Headers): boolean {
  return status === 429 || headers.has('retry-after') || headers.get('x-ratelimit-remaining') === '0'
}

/** Adds the claims of UserInfo to those of the ID token. If both have a claim, the ID token has precedence. */
export function withUserInfo(idToken: UserClaims | undefined, userInfo: UserClaims): UserClaims {
  const added = Object.entries(userInfo).filter(([name]) => !IGNORED.test(name))
  return { ...Object.fromEntries(added), ...idToken }
}

function isShallow(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true
  return levels > 0 && Object.values(value).every((member) => isShallow(member, levels - 1))
}
