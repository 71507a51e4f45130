import { fingerprint } from '../runtime/digest.ts'
import type { SignOut } from './pending-sign-outs.ts'
import type { RequestSession } from './request-session.ts'
import type { AuthorizationServers } from '../protocol/authorization-servers.ts'
import type { EndedSession } from '../../ports/session-handle.ts'
import type { EndReason, EventListener, SignOutPart } from '../../vocabulary/index.ts'
import { revokeSession, type RevokeSessionOptions } from './revocation.ts'

export interface EndSessionOptions extends FinishSessionOptions {
  readonly session: RequestSession
}

/**
 * Ends the session of a request. The revocation of its tokens continues in the background, and so does the end itself if
 * the store does not confirm it in time.
 *
 * @returns `undefined` if the request has no session.
 */
export async function endSession(
  reason: EndReason,
  options: EndSessionOptions,
): Promise<SignOut | undefined> {
  const { session, revoke } = options
  const signOut = await session.end(reason, revoke)
  if (signOut) session.keepAlive(complete(signOut, options))
  return signOut
}

/** Revokes the tokens that the cookie carries immediately, and those of the store as soon as it responds. */
async function complete(signOut: SignOut, options: EndSessionOptions): Promise<void> {
  const { key, carried, isConfirmed } = signOut
  const revoked = new Set<string>()
  const early = isConfirmed || !carried || revokeSession(options.servers, key, carried, options, revoked)
  // If Evertoken no longer tries, an event has reported it.
  const ended = await signOut.ended.catch(() => undefined)
  await early
  if (ended) await finishSession(key, ended, options, revoked)
}

export interface FinishSessionOptions extends RevokeSessionOptions {
  readonly servers: AuthorizationServers
}

/** Revokes the tokens of a session that has ended, and records the result. */
export async function finishSession(
  key: string,
  ended: EndedSession,
  options: FinishSessionOptions,
  revoked?: Set<string>,
): Promise<void> {
  const isRevoked = await revokeSession(options.servers, key, ended.record, options, revoked)
  if (!isRevoked) reportIncomplete(key, ['revocation'], options.emit, false)
  await ended.finish(isRevoked)
}

/** The parts of a sign-out that are not confirmed when the response is sent. */
export function unconfirmedParts(
  { isConfirmed }: Pick<SignOut, 'isConfirmed'>,
  revoke: RevokeSessionOptions['revoke'],
): SignOutPart[] {
  if (isConfirmed) return []
  return revoke ? ['session', 'revocation'] : ['session']
}

/** Emits `sign_out_incomplete`, unless all parts are confirmed. */
export function reportIncomplete(
  key: string,
  parts: readonly SignOutPart[],
  emit: EventListener,
  retrying: boolean,
): void {
  if (parts.length === 0) return
  emit({ type: 'sign_out_incomplete', session: fingerprint(key), parts, retrying })
}
