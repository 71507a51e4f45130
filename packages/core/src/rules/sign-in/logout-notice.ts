import { readJwt } from '../protocol/jwt.ts'
import type { LogoutToken } from '../protocol/logout-token.ts'
import type { SessionRecord } from '../../model/session-record.ts'
import type { UserClaims } from '../../model/token-grant.ts'

/**
 * A name under which a logout is remembered. A session that is stored after its logout token arrived looks its names up.
 *
 * - `sid`: the session with this `sid`, whose `sub` is the given one if the logout token has a `sub`
 * - `sub`: all sessions of the subject
 * - `sub_without_sid`: those that do not know their `sid`
 */
export type LogoutName = readonly [kind: 'sid' | 'sub' | 'sub_without_sid', ...values: string[]]

/** The names under which a logout is remembered. See `isSignedOut`. */
export function namesOfLogout({ sub, sid }: Pick<LogoutToken, 'sub' | 'sid'>, all: boolean): LogoutName[] {
  const byUser = (kind: 'sub' | 'sub_without_sid'): LogoutName[] => (sub === undefined ? [] : [[kind, sub]])
  if (sid === undefined) return byUser('sub')
  const bySession: LogoutName = sub === undefined ? ['sid', sid] : ['sid', sid, sub]
  return [bySession, ...byUser(all ? 'sub' : 'sub_without_sid')]
}

/** The names that a new session looks up. */
export function namesOfSession({ sub, sid }: UserClaims): LogoutName[] {
  const names: LogoutName[] = []
  if (sid !== undefined) names.push(['sid', sid])
  if (sid !== undefined && sub !== undefined) names.push(['sid', sid, sub])
  if (sub !== undefined) names.push(['sub', sub])
  if (sid === undefined && sub !== undefined) names.push(['sub_without_sid', sub])
  return names
}

/**
 * Whether a remembered logout ends a new session. `issuedAt` is `undefined` if the name has no remembered logout.
 *
 * A `sid` is never used again. A user can sign in again, so a logout by
 * `sub` ends only sessions that the user authenticated before. Times have whole seconds, so the same second is "before".
 */
export function endsNewSession(
  [kind]: LogoutName,
  issuedAt: number | undefined,
  record: SessionRecord,
): boolean {
  return issuedAt !== undefined && (kind === 'sid' || authenticatedAt(record) <= issuedAt)
}

/** Returns when the user authenticated, by the clock of the authorization server if an ID token has the time. */
function authenticatedAt({ claims, idToken, touchedAt }: SessionRecord): number {
  const times = [claims['auth_time'], idToken === undefined ? undefined : readJwt(idToken)?.claims['iat']]
  return times.find((time): time is number => typeof time === 'number') ?? touchedAt
}
