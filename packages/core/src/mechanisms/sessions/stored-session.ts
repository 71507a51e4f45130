import type { Clock } from '../../ports/clock.ts'
import type { EndedSession, SessionHandle, Snapshot, StoredRefresh } from '../../ports/session-handle.ts'
import { endedUnfinished, finished, hasTokensToRevoke, type RevokedTokens } from '../../model/session-end.ts'
import { ended, endsAt, type SessionRecord } from '../../model/session-record.ts'
import { withLedger, withTokenResponse } from '../../model/session-transitions.ts'
import { type EndReason, OperatorError } from '../../vocabulary/index.ts'
import { type EndNotices, timeReason } from './end-notices.ts'
import type { PendingSignOuts } from './pending-sign-outs.ts'
import type { SealedRecord, SealedStore } from './sealed-store.ts'

export interface HandleOptions {
  readonly sealedStore: SealedStore
  /** Same as `sealedStore.read`, but callers at the same moment share one read. */
  readonly readShared: SealedStore['read']
  readonly clock: Clock
  /** Maximum inactivity, in seconds. */
  readonly idleTimeoutSeconds: number
  readonly notices: EndNotices
  readonly pending: PendingSignOuts
  /** Removes a session that has ended from the index of the store. */
  readonly unlist?: ((record: SessionRecord) => Promise<unknown>) | undefined
  /** Whether `refreshed` decides about the claims of a new ID token. Until then, the session keeps its claims. */
  readonly keepClaims?: boolean | undefined
  /** Receives each refresh after its tokens were stored. No caller waits for it. Never rejects. */
  readonly refreshed?: ((refresh: StoredRefresh) => Promise<unknown>) | undefined
}

/** The parts that differ between cookie sessions and server sessions. */
export interface StoragePolicy {
  /** Returns the newest record, given the record that the store holds. */
  newest(held: SessionRecord | undefined): SessionRecord | undefined
  /** Returns when the store may forget a record, in seconds since the epoch. */
  keepUntil(record: SessionRecord): number
  /** The maximum size of a record as JSON, in bytes. */
  readonly maxRecordBytes: number
  /** Whether a session is over when it is missing from the store. */
  readonly inStoreAlone: boolean
  /** The session that the cookie carries, if it carries one. */
  readonly carried?: SessionRecord
}

/** Creates the cell of a session. The store holds its newest record, or shows that none exists. */
export function createStoredHandle(
  key: string,
  options: HandleOptions,
  { newest, keepUntil, maxRecordBytes, inStoreAlone, carried }: StoragePolicy,
): SessionHandle {
  const {
    sealedStore,
    readShared,
    clock,
    idleTimeoutSeconds,
    notices,
    pending,
    unlist = nothing,
    keepClaims,
    refreshed,
  } = options
  /** A session that the store has lost. Evertoken can still revoke its tokens and reject its copies. */
  const carriedAlone = carried && { record: carried, sealed: undefined }

  function lastOf(held: SealedRecord | undefined): Snapshot | undefined {
    const record = newest(held?.record)
    return record && { record, sealed: held?.sealed }
  }

  async function kept(): Promise<Snapshot | undefined> {
    const now = lastOf(await sealedStore.read(key))
    return now?.record.ended ? undefined : now
  }

  const swap: SessionHandle['swap'] = async (from, to) => {
    const snapshot = await sealedStore.swap(key, from.sealed, to, keepUntil(to), from.record.claims.sub)
    if (snapshot && to.ended) notices.forget(key)
    return snapshot
  }

  const last = async () => lastOf(await sealedStore.read(key))

  async function readWith(read: SealedStore['read']): Promise<Snapshot | undefined> {
    if (pending.has(key)) return undefined
    const now = lastOf(await read(key))
    if (!now) {
      if (inStoreAlone) notices.missed(key)
      return undefined
    }
    if (now.record.ended) {
      notices.forget(key)
      return undefined
    }
    if (clock.now() < endsAt(now.record, idleTimeoutSeconds)) {
      if (inStoreAlone) notices.saw(now.record)
      return now
    }
    // The session is not ended, because the clock of this process might be wrong.
    notices.report(key, timeReason(now.record, clock.now()))
    return undefined
  }

  /** Removes an unreadable record, so that it does not prevent a sign-out. A cookie session is then ended unchanged. */
  async function lastOrRemoved(reason: EndReason): Promise<Snapshot | undefined> {
    try {
      return await last()
    } catch (error) {
      if (!(error instanceof OperatorError) || error.code !== 'store_record_unreadable') throw error
      await sealedStore.remove(key)
      if (inStoreAlone) notices.report(key, reason)
      return last()
    }
  }

  function endedAs(record: SessionRecord, tombstone: Snapshot): EndedSession {
    return {
      record,
      async finish(isRevoked) {
        const next = finished(tombstone.record, isRevoked)
        await Promise.all([swap(tombstone, next).catch(ignoreStore), unlist(record).catch(ignoreStore)])
      },
    }
  }

  /** Completes the end that another sign-out began, unless that sign-out is still running in this process. */
  function resume(tombstone: Snapshot, revoke: RevokedTokens): EndedSession | undefined {
    const { record } = tombstone
    if (record.unfinished ? notices.isRecent(key) : !revoke || !hasTokensToRevoke(record.ledger))
      return undefined
    if (record.unfinished && record.ended) notices.report(key, record.ended)
    return endedAs(record, tombstone)
  }

  const cell: SessionHandle = {
    key,
    maxRecordBytes,
    carried,
    kept,
    swap,
    last,
    swapLedger: async (from, ledger) => (await swap(from, withLedger(from.record, ledger))) ?? 'again',
    async storeGrant(from, { grant, now, ledgerAfter, keepAlive }) {
      const next = withTokenResponse(from.record, grant, now, ledgerAfter, maxRecordBytes, keepClaims)
      const snapshot = await swap(from, next)
      if (!snapshot) return 'again'
      const stored = { cell, before: from.record, after: snapshot.record, claims: grant.claims, keepAlive }
      if (refreshed && grant.accessToken) keepAlive(refreshed(stored))
      return snapshot
    },
    refuse: async (from, reason) => (await swap(from, ended(from.record, reason))) ?? 'again',
    reportRefusal(reason, before, keepAlive) {
      notices.report(key, reason)
      if (before) keepAlive(unlist(before.record).catch(ignoreStore))
    },
    read: () => readWith(sealedStore.read),
    readShared: () => readWith(readShared),
    async end(reason, revoke = false, mayEnd) {
      for (let i = 0; i < MAX_SWAPS; i++) {
        const now = (await lastOrRemoved(reason)) ?? carriedAlone
        if (!now) {
          if (inStoreAlone && !mayEnd) notices.missed(key)
          return undefined
        }
        if (now.record.ended) return resume(now, revoke)
        if (mayEnd && !mayEnd(now.record)) return undefined
        // This is a swap and not a removal, so that a refresh that completes later revokes its tokens.
        const tombstone = await swap(now, endedUnfinished(now.record, reason, revoke))
        if (!tombstone) continue
        notices.report(key, reason)
        return endedAs(now.record, tombstone)
      }
      throw everySwapLost()
    },
  }
  return cell
}

const nothing = () => Promise.resolve()

function ignoreStore(error: unknown): void {
  if (!(error instanceof OperatorError)) throw error
}

export const MAX_SWAPS = 50

/**
 * Changes a session, and retries while other writers are faster.
 *
 * @param read - Reads the session. Pass `read` or `kept` of the cell.
 * @param step - Computes the next record. If it returns the same record, nothing is written.
 * @returns The new state, or `undefined` if the session is missing or `step` returns `undefined`.
 */
export async function swapUntilWon(
  { swap }: Pick<SessionHandle, 'swap'>,
  read: SessionHandle['read'],
  step: (record: SessionRecord) => SessionRecord | undefined,
): Promise<Snapshot | undefined> {
  for (let i = 0; i < MAX_SWAPS; i++) {
    const now = await read()
    const next = now && step(now.record)
    if (!next) return undefined
    const snapshot = next === now.record ? now : await swap(now, next)
    if (snapshot) return snapshot
  }
  throw everySwapLost()
}

export function everySwapLost(): OperatorError {
  const message = 'Cannot change the session: the session store lost every swap'
  return new OperatorError('store_unavailable', message, { retryAfterSeconds: 1 })
}
