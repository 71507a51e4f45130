import { type ConnectionRecord, isOfRegistration } from '../../model/connection-record.ts'
import type { TokenServer } from '../../ports/authorization-server.ts'
import type { Clock } from '../../ports/clock.ts'
import type { EventListener, RevocationOutcome } from '../../vocabulary/index.ts'
import { revokeToken, revokeUntilDone } from '../protocol/revoke-token.ts'
import type { ConnectionRef } from './connection-store.ts'

/** The client of a provider that can revoke its grants. */
export type RevokingServer = Pick<TokenServer, 'registration' | 'revoke'>

/**
 * Resolves to a client of the provider, if there is one.
 *
 * @param grantClientId - The client of the grant, if the known one could not revoke it. The client is then looked up again, because
 * another process can have changed it.
 */
export type FindRevokingServer = (grantClientId?: string) => Promise<RevokingServer | undefined>

export interface ConnectionRevocationOptions {
  readonly emit: EventListener
  readonly clock: Clock
}

/** Revokes the grants of connections that were removed. Each function resolves to the worst outcome of the tokens of the record. */
export interface ConnectionRevocation {
  /** With the usual retries. */
  revokeUntilDone(
    ref: ConnectionRef,
    record: ConnectionRecord,
    server: RevokingServer,
  ): Promise<RevocationOutcome>
  /** With the known client. If that fails, or the grant is of another client, with the latest client. */
  revokeWithLatest(
    ref: ConnectionRef,
    record: ConnectionRecord,
    findServer: FindRevokingServer,
  ): Promise<RevocationOutcome>
}

export function createConnectionRevocation({
  emit,
  clock,
}: ConnectionRevocationOptions): ConnectionRevocation {
  async function revoke(
    { key }: ConnectionRef,
    record: ConnectionRecord,
    server: RevokingServer | undefined,
    revokeOne: typeof revokeUntilDone = revokeToken,
  ): Promise<RevocationOutcome> {
    if (!server || !isOfRegistration(record, server.registration)) return 'unsupported'
    const { revoking, spare, tokens } = record.ledger
    const refreshTokens = [revoking, spare].filter((token) => token !== undefined)
    const revocation = { server, emit, clock }
    const revocations = refreshTokens.map((token) => revokeOne(revocation, key, token))
    // The revocation of a refresh token ends the access tokens of its grant too (RFC 7009 §2.1).
    const accessTokens = revoking === undefined ? Object.values(tokens) : []
    for (const { value } of accessTokens) revocations.push(revokeOne(revocation, key, value, 'access_token'))
    return worstOf(await Promise.all(revocations))
  }

  return {
    revokeUntilDone: (ref, record, server) => revoke(ref, record, server, revokeUntilDone),
    async revokeWithLatest(ref, record, findServer) {
      const known = await findServer()
      const outcome = await revoke(ref, record, known)
      const isOther = known && !isOfRegistration(record, known.registration)
      if (outcome !== 'failed' && !isOther) return outcome
      const latest = await findServer(record.clientId)
      return latest === known ? outcome : revoke(ref, record, latest)
    },
  }
}

const WORST_FIRST: readonly RevocationOutcome[] = ['failed', 'unsupported', 'revoked']

function worstOf(outcomes: readonly RevocationOutcome[]): RevocationOutcome {
  return WORST_FIRST.find((each) => outcomes.includes(each)) ?? 'nothing_to_revoke'
}
