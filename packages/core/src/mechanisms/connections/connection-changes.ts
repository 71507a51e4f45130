import { connectedRecord } from '../../model/connected-record.ts'
import {
  disconnectedRecord,
  findFault,
  isOtherAccount,
  revokedRecord,
  suspendedRecord,
} from '../../model/connection-record.ts'
import type { Registration } from '../../model/session-record.ts'
import type { TokenGrant } from '../../model/token-grant.ts'
import type { KeepAlive } from '../../ports/runtime.ts'
import { type EventListener, RequestRefusedError, type RevocationOutcome } from '../../vocabulary/index.ts'
import { retryStore } from '../refresh/persist.ts'
import { untilWon } from '../stores/until-won.ts'
import type { ConnectionHandleOptions } from './connection-handle.ts'
import {
  createConnectionRevocation,
  type FindRevokingServer,
  type RevokingServer,
} from './connection-revocation.ts'
import type { ConnectionRef, ConnectionSnapshot } from './connection-store.ts'
import { createReportedSwap } from './reported-swap.ts'

export interface ConnectionChangeOptions extends ConnectionHandleOptions {
  readonly emit: EventListener
}

/** Changes that an owner causes, and not a refresh. */
export interface ConnectionChanges {
  /**
   * Stores a grant. The record of an earlier grant of the same account is kept.
   *
   * If the owner has removed another account and its revocation has failed, the revocation is repeated in the background, while no
   * connection of the owner has that account. The revocation could end its new grant (RFC 7009 §2.1).
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
  const revocation = createConnectionRevocation({ store, emit, clock })

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
      let listed: Promise<void> | undefined
      await store.list(ref)
      await untilWon(async () => {
        const held = await store.read(ref)
        const earlier = held?.record
        const record = earlier?.ended ? undefined : earlier
        if (record && !isAnyAccount && isOtherAccount(record, registration, grant.claims))
          throw accountMismatch()
        const base = { id, owner, name, ...registration }
        const next = connectedRecord(base, grant, clock.now(), earlier, isAnyAccount)
        /** Also called if the response of the store is lost. */
        const onStored = () => {
          if (!record) listener.created(ref)
          else if (record.broken) listener.recovered(ref, keepAlive)
          if (earlier?.ended) keepAlive(revocation.revokeUntilDone(ref, earlier, server))
          // The grant is stored. If this fails, the connection stays in its earlier list, where it is found.
          if (refreshIndex) keepAlive(refreshIndex.move(record, next).catch(() => undefined))
          // A removal at the same time can have unlisted it. If that was so, and the store fails, it is repeated.
          if (record) return
          const repeat = async () => retryStore(clock, () => listIfStored(ref)).catch(() => undefined)
          keepAlive((listed = listIfStored(ref).catch(() => keepAlive(repeat()))))
        }
        // If this process stops after the swap, the connection must be in a list.
        await refreshIndex?.move(undefined, next)
        return swapAndReport(ref, held, next, onStored, keepAlive)
      })
      await listed
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
      const outcome = await revocation
        .revokeWithLatest(ref, record, findServer)
        .catch(() => 'failed' as const)
      if (outcome === 'failed') return 'failed'
      if ((await store.swap(ref, sealed, revokedRecord(record))) !== 'again') await unlist(ref)
      return outcome
    },
  }
}

function accountMismatch(): RequestRefusedError {
  const message = 'Cannot connect: this is another account. Sign in with the first one, or use another name.'
  return new RequestRefusedError('account_mismatch', message)
}
