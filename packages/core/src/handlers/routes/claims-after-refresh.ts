import { redact } from '../../mechanisms/runtime/redact.ts'
import { type SessionRecord, withAcceptedClaims } from '../../model/session-record.ts'
import type { UserClaims } from '../../model/token-grant.ts'
import type { AuthorizationServer } from '../../ports/authorization-server.ts'
import type { StoredRefresh } from '../../ports/session-handle.ts'
import { pick } from '../../rules/members.ts'
import type { EventListener } from '../../vocabulary/index.ts'

/** The claims that name the user and the session at the server. Only an ID token changes them. */
export const IDENTITY: readonly string[] = ['iss', 'sub', 'sid', 'auth_time']

export interface ClaimsAfterRefreshOptions {
  /** Reads the claims of an ID token of this authorization server. */
  readonly readIdToken: (idToken: string) => UserClaims
  /** Fetches UserInfo with a new access token. Absent if only a sign-in does that. */
  readonly addUserInfo?: AuthorizationServer['addUserInfo'] | undefined
  readonly emit: EventListener
}

/** The claims that the session can have after a refresh. */
export interface ClaimsAfterRefresh {
  readonly claims: UserClaims
  /** Returns the session with these claims. */
  accept(record: SessionRecord): SessionRecord
}

/**
 * Returns the claims after a refresh. The claims of an ID token are added to those of the session. With UserInfo, they
 * replace them, so that the session has no claim that the server has removed.
 *
 * @returns `undefined` if UserInfo is needed and the refresh brings none. The session then keeps its claims.
 */
export async function claimsAfterRefresh(
  { before, after, claims: ofNewToken }: StoredRefresh,
  { readIdToken, addUserInfo, emit }: ClaimsAfterRefreshOptions,
): Promise<ClaimsAfterRefresh | undefined> {
  const { claims: current, idToken } = after
  const ofToken = ofNewToken ?? (idToken === undefined ? {} : readIdToken(idToken))
  const isKnown = ofToken.sub !== undefined
  if (!addUserInfo) {
    const claims = isKnown ? ofToken : current
    return { claims, accept: (record) => withAcceptedClaims(record, ofNewToken) }
  }
  const { tokens, proofKey } = after.ledger
  const { '': accessToken } = tokens
  // Other access tokens are for other APIs.
  if (!accessToken || accessToken.attempt === before.ledger.tokens['']?.attempt) return undefined
  const user = isKnown ? ofToken : pick(current, IDENTITY)
  const { claims: found, userInfoFailure } = await addUserInfo(
    { accessToken, idToken, proofKey },
    user,
  ).catch((error: unknown) => ({ claims: undefined, userInfoFailure: redact(error) }))
  if (userInfoFailure) emit({ type: 'user_info_failed', cause: userInfoFailure })
  if (!found || userInfoFailure) return undefined
  // A cookie might have had no space for the ID token, whose claims are unknown then.
  const claims = isKnown || current['iss'] === undefined ? found : { ...current, ...found }
  return { claims, accept: (record) => withAcceptedClaims(record, claims, pick(record.claims, IDENTITY)) }
}
