import { type ConnectionRecord, isOfRegistration, isOtherAccount } from '../../model/connection-record.ts'
import type { TokenServer } from '../../ports/authorization-server.ts'
import type { Clock } from '../../ports/clock.ts'
import { ConfigurationError, type EventListener, type RevocationOutcome } from '../../vocabulary/index.ts'
import { revokeToken, revokeUntilDone } from '../protocol/revoke-token.ts'
import type { ConnectionRef, ConnectionStore } from './connection-store.ts'

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
  readonly store: Pick<ConnectionStore, 'read' | 'readAll'>
  readonly emit: EventListener
  readonly clock: Clock
}

/** Revokes the grants of connections that were removed. Each function resolves to the worst outcome of the tokens of the record. */
export interface ConnectionRevocation {
  /**
   * With the usual retries, after the owner has connected another account. Each request needs that the connection still has that
   * account, and that no other connection of the owner can have the removed one: the revocation could end its grant (RFC 7009 §2.1).
   * A grant that arrives between this check and the request is not noticed. Without an `index`, only this connection is checked.
   */
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
  store,
  emit,
  clock,
}: ConnectionRevocationOptions): ConnectionRevocation {
  async function revoke(
    { key }: ConnectionRef,
    record: ConnectionRecord,
    server: RevokingServer | undefined,
    isUnused?: () => Promise<boolean>,
  ): Promise<RevocationOutcome> {
    if (!server || !isOfRegistration(record, server.registration)) return 'unsupported'
    const { revoking, spare, tokens } = record.ledger
    const refreshTokens = [revoking, spare].filter((token) => token !== undefined)
    const revocation = { server, emit, clock, ...(isUnused && { isUnused }) }
    const revokeOne = isUnused ? revokeUntilDone : revokeToken
    const revocations = refreshTokens.map((token) => revokeOne(revocation, key, token))
    // The revocation of a refresh token ends the access tokens of its grant too (RFC 7009 §2.1).
    const accessTokens = revoking === undefined ? Object.values(tokens) : []
    for (const { value } of accessTokens) revocations.push(revokeOne(revocation, key, value, 'access_token'))
    return worstOf(await Promise.all(revocations))
  }

  async function isReplaced(ref: ConnectionRef, removed: ConnectionRecord): Promise<boolean> {
    const isOther = (record: ConnectionRecord) => isOtherAccount(removed, record, record.claims)
    const current = (await store.read(ref))?.record
    if (!current || current.ended || !isOther(current)) return false
    const listed = await store.readAll(ref.owner).catch((error: unknown) => {
      if (error instanceof ConfigurationError) return []
      throw error
    })
    return listed.every(
      ({ record }) => !record || record.ended || !isOfRegistration(record, removed) || isOther(record),
    )
  }

  return {
    revokeUntilDone: (ref, record, server) =>
      // If the store fails, the account might be in use.
      revoke(ref, record, server, () => isReplaced(ref, record).catch(() => false)),
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
