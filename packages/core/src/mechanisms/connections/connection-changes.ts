import { connectedRecord } from '../../model/connected-record.ts'
import {
  type ConnectionRecord,
  disconnectedRecord,
  findFault,
  isOfRegistration,
  isOtherAccount,
  revokedRecord,
  suspendedRecord,
} from '../../model/connection-record.ts'
import type { Registration } from '../../model/session-record.ts'
import type { TokenGrant } from '../../model/token-grant.ts'
import type { TokenServer } from '../../ports/authorization-server.ts'
import type { KeepAlive } from '../../ports/runtime.ts'
import { type EventListener, RequestRefusedError, type RevocationOutcome } from '../../vocabulary/index.ts'
import { revokeToken, revokeUntilDone } from '../protocol/revoke-token.ts'
import { retryStore } from '../refresh/persist.ts'
import { untilWon } from '../stores/until-won.ts'
import type { ConnectionHandleOptions } from './connection-handle.ts'
import type { ConnectionRef, ConnectionSnapshot } from './connection-store.ts'
import { createReportedSwap } from './reported-swap.ts'

/** The client of a provider that can revoke its grants. */
export type RevokingServer = Pick<TokenServer, 'registration' | 'revoke'>

export interface ConnectionChangeOptions extends ConnectionHandleOptions {
  readonly emit: EventListener
}

/**
 * Resolves to a client of the provider, if there is one.
 *
 * @param grantClientId - The client of the grant, if the known one could not revoke it. The client is then looked up again, because
 * another process can have changed it.
 */
export type FindRevokingServer = (grantClientId?: string) => Promise<RevokingServer | undefined>

/** Changes that an owner causes, and not a refresh. */
export interface ConnectionChanges {
  /**
   * Stores a grant. The record of an earlier grant of the same account is kept.
   *
   * If the owner has removed another account and its revocation has failed, the revocation is repeated in the background. The grant
   * of the same account is not revoked, because that could end the new grant (RFC 7009 §2.1).
   *
   * @param server - The client to which the grant was given.
   * @param isAnyAccount - Whether the owner is identified by the grant, so that several accounts can give it.
   * @throws {RequestRefusedError} If the grant is of another account. The earlier grant is kept.
   */
  connect(
    ref: ConnectionRef,
    server: RevokingServer,
    grant: TokenGrant,
    keepAlive: KeepAlive,
    isAnyAccount?: boolean,
  ): Promise<void>
  /**
   * Stores that the owner must connect again, if the newest record still shows that. The listener learns it once.
   *
   * @param rejected - The value of a token that an API has rejected.
   */
  markBroken(
    ref: ConnectionRef,
    registration: Registration,
    keepAlive: KeepAlive,
    rejected?: string,
  ): Promise<void>
  /**
   * Removes a connection, and revokes its grant.
   *
   * The connection first becomes a tombstone, so that a refresh in progress revokes its tokens. After `failed`, another
   * call tries again.
   *
   * @param findServer - Finds the client to which the grant was given. Called after the removal.
   */
  disconnect(
    ref: ConnectionRef,
    findServer: FindRevokingServer,
    keepAlive: KeepAlive,
  ): Promise<RevocationOutcome>
}

export function createConnectionChanges(options: ConnectionChangeOptions): ConnectionChanges {
  const { store, clock, listener, emit, refreshIndex } = options
  const swapAndReport = createReportedSwap(options)

  /** Resolves to `undefined` if no record exists. A record that cannot be read is removed. */
  async function toTombstone(
    ref: ConnectionRef,
    keepAlive: KeepAlive,
  ): Promise<ConnectionSnapshot | 'unreadable' | undefined> {
    return untilWon(async () => {
      const held = await store.read(ref)
      if (!held?.record) {
        if (held) await store.remove(ref)
        return held && 'unreadable'
      }
      if (held.record.ended) return held
      return swapAndReport(ref, held, disconnectedRecord(held.record), () => listener.removed(ref), keepAlive)
    })
  }

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

  /** Revokes the grant with the known client. If that fails, or the grant is of another client, it uses the latest client. */
  async function revokeWithLatest(
    ref: ConnectionRef,
    record: ConnectionRecord,
    findServer: FindRevokingServer,
  ): Promise<RevocationOutcome> {
    const known = await findServer()
    const outcome = await revoke(ref, record, known)
    const isOther = known && !isOfRegistration(record, known.registration)
    if (outcome !== 'failed' && !isOther) return outcome
    const latest = await findServer(record.clientId)
    return latest === known ? outcome : revoke(ref, record, latest)
  }

  /** A connection that the owner has made since then must be listed. */
  async function unlist(ref: ConnectionRef): Promise<void> {
    await store.unlist(ref)
    await listIfStored(ref)
  }

  async function listIfStored(ref: ConnectionRef): Promise<void> {
    const held = await store.read(ref)
    if (held?.record && !held.record.ended) await store.list(ref)
  }

  return {
    async connect(ref, server, grant, keepAlive, isAnyAccount = false) {
      const { key: id, owner, name } = ref
      const { registration } = server
      await store.list(ref)
      const isNew = await untilWon(async () => {
        const held = await store.read(ref)
        const earlier = held?.record
        const record = earlier?.ended ? undefined : earlier
        if (record && !isAnyAccount && isOtherAccount(record, registration, grant.claims))
          throw accountMismatch()
        const base = { id, owner, name, ...registration }
        const next = connectedRecord(base, grant, clock.now(), earlier, isAnyAccount)
        const swap = (report: () => void) => swapAndReport(ref, held, next, report, keepAlive)
        const swapRecord = () => {
          if (!record) return swap(() => listener.created(ref))
          return record.broken
            ? swap(() => listener.recovered(ref, keepAlive))
            : store.swap(ref, held?.sealed, next)
        }
        // If this process stops after the swap, the connection must be in a list.
        await refreshIndex?.move(undefined, next)
        if ((await swapRecord()) === 'again') return 'again'
        if (earlier?.ended && isOtherAccount(earlier, registration, grant.claims))
          keepAlive(revoke(ref, earlier, server, revokeUntilDone))
        // The grant is stored. If this fails, the connection stays in its earlier list, where it is found.
        if (refreshIndex) keepAlive(refreshIndex.move(record, next).catch(() => undefined))
        return record === undefined
      })
      // A removal at the same time can have unlisted it. If that was so, and the store fails, it is repeated.
      if (isNew)
        await store
          .list(ref)
          .catch(() => keepAlive(retryStore(clock, () => listIfStored(ref)).catch(() => undefined)))
    },
    async markBroken(ref, registration, keepAlive, rejected) {
      await untilWon(async () => {
        const held = await store.read(ref)
        if (!held?.record || held.record.ended) return undefined
        const fault = findFault(held.record, registration, clock.now(), rejected)
        if (!fault || fault.reason === held.record.broken?.reason) return undefined
        const next = suspendedRecord(held.record, fault)
        return swapAndReport(ref, held, next, () => listener.broken(ref, fault.reason, keepAlive), keepAlive)
      })
    },
    async disconnect(ref, findServer, keepAlive) {
      const tombstone = await toTombstone(ref, keepAlive)
      if (tombstone === undefined || tombstone === 'unreadable') {
        await unlist(ref)
        return tombstone ? 'failed' : 'nothing_to_revoke'
      }
      const { record, sealed } = tombstone
      const outcome = await revokeWithLatest(ref, record, findServer).catch(() => 'failed' as const)
      if (outcome === 'failed') return 'failed'
      if ((await store.swap(ref, sealed, revokedRecord(record))) !== 'again') await unlist(ref)
      return outcome
    },
  }
}

const WORST_FIRST: readonly RevocationOutcome[] = ['failed', 'unsupported', 'revoked']

function worstOf(outcomes: readonly RevocationOutcome[]): RevocationOutcome {
  return WORST_FIRST.find((each) => outcomes.includes(each)) ?? 'nothing_to_revoke'
}

function accountMismatch(): RequestRefusedError {
  const message = 'Cannot connect: this is another account. Sign in with the first one, or use another name.'
  return new RequestRefusedError('account_mismatch', message)
}
