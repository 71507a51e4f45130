import type { RequestSession } from './request-session.ts'
import type { AuthorizationServers } from '../protocol/authorization-servers.ts'
import { revokeToken, revokeUntilDone } from '../protocol/revoke-token.ts'
import { swapUntilWon } from './swap-until-won.ts'
import type { Clock } from '../../ports/clock.ts'
import type { SessionHandle } from '../../ports/session-handle.ts'
import { withoutRefreshToken, withRevocationConfirmed } from '../../model/ledger-transitions.ts'
import type { RevokedTokens } from '../../model/session-end.ts'
import { nextGeneration, type SessionRecord } from '../../model/session-record.ts'
import type { TokenLedger } from '../../model/token-ledger.ts'
import type { EventListener, RevocationOutcome } from '../../vocabulary/index.ts'

export interface RevokeSessionOptions {
  readonly revoke: RevokedTokens
  readonly emit: EventListener
  /** Measures the pauses between tries. */
  readonly clock: Clock
}

/**
 * Revokes the tokens of a session that has ended. Repeats each failed request three times. Never rejects.
 *
 * @param revoked - Tokens that the authorization server has confirmed already; receives the others that it confirms.
 * @returns Whether none of the tokens is left: each was revoked, or the server cannot revoke it.
 */
export async function revokeSession(
  servers: AuthorizationServers,
  key: string,
  record: SessionRecord,
  { revoke, emit, clock }: RevokeSessionOptions,
  revoked: Set<string> = new Set(),
): Promise<boolean> {
  const { refreshToken, revoking, spare, tokens } = record.ledger
  const server = servers.serverFor(record)
  if (!server) return false
  const options = { server, emit, clock }

  async function revokeOnce(
    value: string,
    kind: 'refresh_token' | 'access_token',
  ): Promise<RevocationOutcome> {
    if (revoked.has(value)) return 'nothing_to_revoke'
    const outcome = await revokeUntilDone(options, key, value, kind)
    if (outcome !== 'failed') revoked.add(value)
    return outcome
  }
  const refreshTokens = (revoke ? [refreshToken ?? revoking, spare] : []).filter(
    (value) => value !== undefined,
  )
  // Some servers issue one value as several tokens.
  const accessTokens = new Set(revoke === 'all' ? Object.values(tokens).map(({ value }) => value) : [])
  for (const value of refreshTokens) accessTokens.delete(value)
  const first = Promise.all(refreshTokens.map((value) => revokeOnce(value, 'refresh_token')))
  if (server.refusesEndedTokens && (await first).includes('revoked'))
    for (const value of accessTokens) revoked.add(value)
  const others = Array.from(accessTokens, (value) => revokeOnce(value, 'access_token'))
  return ![...(await first), ...(await Promise.all(others))].includes('failed')
}

/**
 * Ends the grant at the authorization server.
 *
 * The session first takes the refresh token out of use, so that no refresh can start. It keeps the token until the
 * server has confirmed the revocation. After `failed`, another call tries again.
 */
export async function revokeRefreshToken(
  session: Pick<RequestSession, 'find' | 'beforeChange' | 'observe'>,
  servers: AuthorizationServers,
  emit: EventListener,
): Promise<RevocationOutcome> {
  const handle = await session.find()
  if (!handle) return 'nothing_to_revoke'
  session.beforeChange()
  const given = await change(session, handle, (record) => changed(record, withoutRefreshToken(record.ledger)))
  if (given?.ledger.revoking === undefined) return 'nothing_to_revoke'
  const { revoking, spare } = given.ledger
  const server = servers.serverFor(given)
  if (!server) return 'nothing_to_revoke'
  const revoke = (token: string) => revokeToken({ server, emit }, handle.key, token)
  const [outcome, ofSpare] = await Promise.all([
    revoke(revoking),
    spare === undefined ? undefined : revoke(spare),
  ])
  if (outcome === 'failed' || ofSpare === 'failed') return 'failed'
  await change(session, handle, (record) => changed(record, withRevocationConfirmed(record.ledger)))
  return outcome
}

/** Every browser must receive the change. */
function changed(record: SessionRecord, ledger: TokenLedger): SessionRecord {
  return ledger === record.ledger ? record : { ...nextGeneration(record), ledger }
}

/**
 * Changes the session. `step` sets only fields for the revocation, so it can be applied to any version of the record.
 */
async function change(
  session: Pick<RequestSession, 'observe'>,
  handle: SessionHandle,
  step: (record: SessionRecord) => SessionRecord,
) {
  const result = await swapUntilWon(handle, handle.read, step)
  if (result.kind !== 'done') return undefined
  session.observe(result.snapshot)
  return result.snapshot.record
}
