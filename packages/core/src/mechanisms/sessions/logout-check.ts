import type { KeepAlive } from '../../ports/runtime.ts'
import type { EndedSession, SessionHandle, StoredRefresh } from '../../ports/session-handle.ts'
import type { RevokedTokens } from '../../model/session-end.ts'
import { sidsOf } from '../../model/session-record.ts'
import { SignInRequiredError } from '../../vocabulary/index.ts'
import type { PendingSignOuts } from './pending-sign-outs.ts'
import type { SessionDirectory } from './session-directory.ts'
import type { Created, SessionStrategy } from './session-strategy.ts'

export interface LogoutCheckOptions {
  readonly directory: SessionDirectory
  /** Selects the tokens of a rejected session that are revoked. */
  readonly revoke: RevokedTokens
  /** Revokes the tokens of a rejected session. Never rejects. */
  readonly finish: (key: string, ended: EndedSession) => Promise<void>
}

/**
 * Rejects a new session if its logout token arrived before the session was stored.
 *
 * The order makes this safe. A sign-in lists the session, stores it, and then checks for a logout. A logout is first
 * remembered, and then finds and ends sessions. If the check does not find the logout, the logout finds the session.
 */
export function withLogoutCheck(
  strategy: SessionStrategy,
  { directory, revoke, finish }: LogoutCheckOptions,
): SessionStrategy {
  /** If the store fails, the sign-in fails. The stored session must then end, because no browser has its cookie. */
  async function isLoggedOut({ record, handle }: Created, keepAlive: KeepAlive): Promise<boolean> {
    try {
      return await directory.isLoggedOut(record)
    } catch (error) {
      keepAlive(discard(handle).catch(() => undefined))
      throw error
    }
  }

  async function discard(handle: SessionHandle): Promise<void> {
    const { ended } = await strategy.pending.end(handle, () => handle.end('signed_out'))
    await (await ended)?.finish(false)
  }

  return {
    ...strategy,
    async create(make, keepAlive, prepare) {
      const created = await strategy.create(make, keepAlive, prepare)
      if (!(await isLoggedOut(created, keepAlive))) return created
      const { handle } = created
      const ended = await handle.end('back_channel_logout', revoke)
      if (ended) keepAlive(finish(handle.key, ended))
      const message = 'The user was signed out during this sign-in. Sign in again.'
      throw new SignInRequiredError('session_ended', message)
    },
  }
}

/**
 * Lists a session under the new `sid` of a refreshed ID token, so that a logout token can name it.
 *
 * The session is still listed under the earlier `sid`. If the store fails, Evertoken repeats this.
 */
export async function listNewSid(
  { handle, before, after, keepAlive }: StoredRefresh,
  { directory, revoke, finish, pending }: LogoutCheckOptions & { readonly pending: PendingSignOuts },
): Promise<void> {
  const [known, current] = [sidsOf(before), sidsOf(after)]
  const added = current.filter((sid) => !known.includes(sid))
  if (added.length === 0) return
  // Without the subject, under which the session is listed since its start.
  await pending.retry(() => directory.add({ ...after, claims: {}, sids: current }))
  const dropped = known.filter((sid) => !current.includes(sid))
  if (dropped.length > 0) await directory.forget({ ...before, claims: {}, sids: dropped })
  // The logout token may have arrived before the session was listed.
  if (!(await directory.isLoggedOut(after, added))) return
  const ended = await handle.end('back_channel_logout', revoke)
  if (ended) keepAlive(finish(handle.key, ended))
}
