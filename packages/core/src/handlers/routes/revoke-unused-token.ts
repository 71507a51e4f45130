import { revokeToken, type RevocationOptions } from '../../mechanisms/protocol/revoke-token.ts'
import type { SessionStrategy } from '../../mechanisms/sessions/session-strategy.ts'
import type { PendingLogin } from '../../mechanisms/sign-in/pending-logins.ts'
import type { SessionHandle } from '../../ports/session-handle.ts'
import type { RouteContext } from './route-context.ts'

export interface UnusedTokenOptions extends Omit<RevocationOptions, 'clock'> {
  readonly sessions: Pick<SessionStrategy, 'stored'>
}

/** Returns the session of the browser, if the callback cannot see its cookie. */
export function hiddenSession(
  { previous, previousExpiresAt, previousOwner }: PendingLogin,
  { sessions }: Pick<UnusedTokenOptions, 'sessions'>,
): SessionHandle | undefined {
  return previous === undefined ? undefined : sessions.stored(previous, previousExpiresAt, previousOwner)
}

/**
 * Revokes the refresh token of a sign-in that has failed, immediately and without retries.
 *
 * The user can sign in again after that. At some servers, a later revocation would end the new grant too. If the browser keeps a
 * session, the token is not revoked unless it is of another user: the server might have extended the grant of that session, and
 * a revocation would end it (RFC 7009 §2.1).
 *
 * @param sub - The user who has signed in, if the ID token was verified.
 */
export function revokeUnusedToken(
  refreshToken: string,
  sub: string | undefined,
  login: PendingLogin,
  { session }: Pick<RouteContext, 'session'>,
  options: UnusedTokenOptions,
): void {
  async function mayBeInUse(): Promise<boolean> {
    const handle = (await session.find()) ?? hiddenSession(login, options)
    const kept = await handle?.readIgnoringExpiry()
    const user = kept?.record.claims.sub
    return kept !== undefined && (sub === undefined || user === undefined || sub === user)
  }
  async function revokeUnused(): Promise<void> {
    // If the store fails, the session is not known.
    if (!(await mayBeInUse().catch(() => true))) await revokeToken(options, undefined, refreshToken)
  }
  session.keepAlive(revokeUnused())
}
