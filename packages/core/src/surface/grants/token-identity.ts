import { sha256 } from '../../mechanisms/runtime/digest.ts'
import { readClaims } from '../../rules/protocol/jwt.ts'
import type { GrantCall } from './grant-call.ts'

/** The claims of a JWT about one issue of it. */
const ABOUT_ISSUE: readonly string[] = ['iat', 'nbf', 'exp', 'jti']

/**
 * Returns the part of a key for a token that a function of the application has returned. The key contains no token.
 *
 * In a session, it is the same for each issue of a JWT, because the function may sign one for each call. The tokens of a
 * session are only for its user. Elsewhere, a user could use a copy of the claims without the signature to get the token of
 * another user, so only the same JWT is the same.
 */
export async function identityOf(
  { session }: Pick<GrantCall, 'session'>,
  token: string | undefined,
): Promise<string | undefined> {
  return token === undefined ? undefined : sha256(session ? lastingClaims(token) : token)
}

function lastingClaims(jwt: string): string {
  const claims = readClaims(jwt)
  if (!claims) return jwt
  return JSON.stringify(Object.entries(claims).filter(([name]) => !ABOUT_ISSUE.includes(name)))
}
