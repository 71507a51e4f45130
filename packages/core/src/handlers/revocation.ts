import { fingerprint } from '../mechanisms/digest.ts'
import type { TokenEndpoint } from '../ports/authorization-server.ts'
import type { SessionCell } from '../ports/session-cell.ts'
import { withoutRefreshToken, withRevocationConfirmed } from '../rules/session-record.ts'
import { type EventListener, OperatorError, type RevocationOutcome } from '../vocabulary/index.ts'
import type { RequestSession } from '../mechanisms/request-session.ts'

const MAX_SWAPS = 50

/** Revokes a refresh token that no session uses any more, and tells the outcome by an event. */
export async function revokeGivenUp(
  server: TokenEndpoint,
  key: string,
  refreshToken: string,
  emit: EventListener,
): Promise<RevocationOutcome> {
  const outcome = await server.revoke(refreshToken)
  emit({ type: 'refresh_token_revoked', session: fingerprint(key), outcome })
  return outcome
}

/**
 * Ends the grant at the authorization server. The session first gives the refresh token up, so that no refresh can
 * start, and keeps it aside until the server has confirmed: after `failed`, calling again tries again.
 */
export async function revokeRefreshToken(
  session: RequestSession,
  server: TokenEndpoint,
  emit: EventListener,
): Promise<RevocationOutcome> {
  const cell = await session.find()
  if (!cell) return 'nothing_to_revoke'
  const given = await change(session, cell, withoutRefreshToken)
  if (given?.revoking === undefined) return 'nothing_to_revoke'
  const outcome = await revokeGivenUp(server, cell.key, given.revoking, emit)
  if (outcome !== 'failed') await change(session, cell, withRevocationConfirmed)
  return outcome
}

/** Swaps until won; `step` touches only fields of its own, so it can be applied to whatever stands there. */
async function change(session: RequestSession, cell: SessionCell, step: typeof withoutRefreshToken) {
  for (let i = 0; i < MAX_SWAPS; i++) {
    const now = await cell.read()
    if (!now) return undefined
    const next = step(now.record)
    const snapshot = next === now.record ? now : await cell.swap(now, next)
    if (!snapshot) continue
    session.note(snapshot)
    return snapshot.record
  }
  throw new OperatorError('store_unavailable', 'Cannot change the session: the session store lost every swap')
}
