import type { Registration, SessionRecord } from '../../model/session-record.ts'
import type { UserClaims } from '../../model/token-grant.ts'

/** The known facts about the user of a session, for the comparison with the ID token of a refresh. */
export interface KnownUser {
  readonly claims: UserClaims
  /** The claims of the latest ID token of the session. `undefined` if there is none that can be read. */
  readonly original?: Readonly<Record<string, unknown>> | undefined
  /** The issuer of the authorization server. */
  readonly issuer: string
  /** The client to which the authorization server issued the refresh token. */
  readonly clientId: string
  /** The refresh token is from an earlier sign-in, which had another time and nonce. */
  readonly isContinued?: boolean | undefined
}

/**
 * Whether the ID token of a refresh is for another session: of another issuer, subject or client.
 *
 * The caller checks this before it verifies the token. Such a token must not be ignored because of another fault.
 */
export function namesAnotherUser(known: KnownUser, token: Readonly<Record<string, unknown>>): boolean {
  const { claims, original, issuer, clientId } = known
  const sub = original?.['sub'] ?? claims.sub
  if (token['aud'] !== undefined && ![token['aud']].flat().includes(clientId)) return true
  if (token['iss'] !== undefined && token['iss'] !== (original?.['iss'] ?? claims['iss'] ?? issuer))
    return true
  return token['sub'] !== undefined && sub !== undefined && token['sub'] !== sub
}

/** Whether the verified ID token of a refresh belongs to the sign-in of the session (OIDC Core §12.2). */
export function continuesSignIn(
  { claims, original, isContinued = false }: KnownUser,
  token: Readonly<Record<string, unknown>>,
): boolean {
  if (claims.sub === undefined || claims.sub !== token['sub']) return false
  const isSame = (before: unknown, after: unknown) =>
    before === undefined || after === undefined || before === after
  if (!isContinued && !isSame(claims['auth_time'], token['auth_time'])) return false
  // Without the ID token of the sign-in, the other claims are unknown.
  if (!original) return true
  const audience = [token['aud']].flat()
  const hasAudience = [original['aud'] ?? []].flat().every((each) => audience.includes(each))
  if (!hasAudience || original['azp'] !== token['azp']) return false
  return isContinued || isSame(original['nonce'], token['nonce'])
}

/** Whether a session is of the user who has signed in: at the same server, for the same client. */
export function isSameUser(
  { issuer, clientId, claims }: Pick<SessionRecord, 'issuer' | 'clientId' | 'claims'>,
  registration: Registration,
  { sub, iss }: UserClaims,
): boolean {
  if (issuer !== registration.issuer || clientId !== registration.clientId) return false
  // The tenants of a server with several tenants have different issuers.
  const isSameIssuer = claims['iss'] === undefined || iss === undefined || claims['iss'] === iss
  return isSameIssuer && sub !== undefined && claims.sub === sub
}
