import type { RequestSession } from '../mechanisms/request-session.ts'
import { revokeToken } from '../mechanisms/revoke-token.ts'
import { swapUntilWon } from '../mechanisms/swap-until-won.ts'
import type { TokenEndpoint } from '../ports/authorization-server.ts'
import type { Clock } from '../ports/clock.ts'
import type { SessionCell } from '../ports/session-cell.ts'
import { withoutRefreshToken, withRevocationConfirmed } from '../rules/grant-transitions.ts'
import type { SessionRecord } from '../rules/session-record.ts'
import type { EventListener, RevocationOutcome } from '../vocabulary/index.ts'

export interface RevokeSessionOptions {
  /** The refresh token, nothing, or `all`: the access tokens too. */
  readonly revoke: boolean | 'all'
  readonly emit: EventListener
  /** For the pauses between tries. Absent: there is one. */
  readonly clock?: Clock
}

const PAUSES_SECONDS = [1, 4, 16]

/** Revokes what a session that is over has left behind; what fails is tried again, a few times. Never rejects. */
export async function revokeSession(
  server: TokenEndpoint,
  key: string,
  { refreshToken, revoking, tokens }: SessionRecord,
  { revoke, emit, clock }: RevokeSessionOptions,
): Promise<void> {
  const given = refreshToken ?? revoking
  const tries: (() => Promise<RevocationOutcome>)[] = []
  if (revoke && given !== undefined) tries.push(() => revokeToken(server, emit, key, given))
  for (const { value } of revoke === 'all' ? Object.values(tokens) : []) {
    tries.push(() => revokeToken(server, emit, key, value, 'access_token'))
  }
  await Promise.all(tries.map((attempt) => untilDone(attempt, clock)))
}

async function untilDone(attempt: () => Promise<RevocationOutcome>, clock: Clock | undefined): Promise<void> {
  let outcome = await attempt()
  for (const pause of clock ? PAUSES_SECONDS : []) {
    if (outcome !== 'failed') return
    await clock?.sleep(pause * 1000)
    outcome = await attempt()
  }
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
  const outcome = await revokeToken(server, emit, cell.key, given.revoking)
  if (outcome !== 'failed') await change(session, cell, withRevocationConfirmed)
  return outcome
}

/** `step` touches only fields of its own, so it can be applied to whatever stands there. */
async function change(session: RequestSession, cell: SessionCell, step: typeof withoutRefreshToken) {
  const snapshot = await swapUntilWon(cell, cell.read, step)
  if (snapshot) session.note(snapshot)
  return snapshot?.record
}
