import { brokenRecord, type ConnectionRecord, knownFault } from '../../model/connection-record.ts'
import { grantEndsAt } from '../../model/grant-expiry.ts'
import type { Clock } from '../../ports/clock.ts'
import type { GrantEnd, LedgerHandle } from '../../ports/ledger-handle.ts'
import type { KeepAlive } from '../../ports/runtime.ts'
import type { BrokenReason } from '../../vocabulary/index.ts'
import type { ConnectionRef, ConnectionSnapshot, ConnectionStore } from './connection-store.ts'
import type { RefreshIndex } from './refresh-index.ts'
import { createReportedSwap } from './reported-swap.ts'

/** Learns about the changes of connections that concern their owners. */
export interface ConnectionListener {
  created(ref: ConnectionRef): void
  removed(ref: ConnectionRef): void
  broken(ref: ConnectionRef, reason: BrokenReason, keepAlive: KeepAlive): void
  recovered(ref: ConnectionRef, keepAlive: KeepAlive): void
}

export interface ConnectionHandleOptions {
  readonly store: ConnectionStore
  readonly clock: Clock
  readonly listener: ConnectionListener
  /** Present if idle grants can be refreshed. */
  readonly refreshIndex?: RefreshIndex | undefined
}

/**
 * Creates the handle with which a refresh changes a connection.
 *
 * A refused grant does not remove the connection. If the response to another use of the same refresh token arrives later,
 * the connection works again.
 *
 * @param keepAlive - Keeps the calls of hooks alive.
 */
export function createConnectionHandle(
  ref: ConnectionRef,
  { store, clock, listener, refreshIndex }: ConnectionHandleOptions,
  keepAlive: KeepAlive,
): LedgerHandle<ConnectionSnapshot> {
  const swap = (from: ConnectionSnapshot, to: ConnectionRecord) => store.swap(ref, from.sealed, to)
  const swapAndReport = createReportedSwap({ store, clock })

  async function readIncludingEnded(): Promise<ConnectionSnapshot | undefined> {
    const held = await store.read(ref)
    if (held && !held.record) throw held.error
    return held
  }

  async function read(): Promise<ConnectionSnapshot | undefined> {
    const held = await readIncludingEnded()
    return held?.record.ended ? undefined : held
  }

  return {
    key: ref.key,
    read,
    readIgnoringExpiry: read,
    readIncludingEnded,
    // The swap of the lease finds out whether another process has removed the connection.
    isUsable: () => true,
    swapLedger: (from, ledger) => swap(from, { ...from.record, ledger }),
    async storeGrant(from, { ledgerAfter }) {
      const next = { ...from.record, ledger: ledgerAfter(Infinity), broken: undefined }
      const snapshot = from.record.broken
        ? await swapAndReport(ref, from, next, () => listener.recovered(ref, keepAlive), keepAlive)
        : await swap(from, next)
      // If it fails, the connection stays in its earlier list, where it is found.
      if (refreshIndex && snapshot !== 'again')
        keepAlive(refreshIndex.move(from.record, next).catch(() => undefined))
      return snapshot
    },
    refuse(from, end) {
      const reason = reasonOf(end, from.record, clock.now())
      const next = brokenRecord(from.record, reason, clock.now())
      if (knownFault(from.record)) return swap(from, next)
      return swapAndReport(ref, from, next, () => listener.broken(ref, reason, keepAlive), keepAlive)
    },
    // The swap has reported it.
    reportRefusal() {},
  }
}

function reasonOf(end: GrantEnd, { ledger }: ConnectionRecord, now: number): BrokenReason {
  if (end === 'subject_changed') return 'account_changed'
  if (ledger.doubt) return 'refresh_token_lost'
  return (grantEndsAt(ledger.grantExpiry) ?? Infinity) <= now ? 'refresh_token_expired' : 'grant_rejected'
}
