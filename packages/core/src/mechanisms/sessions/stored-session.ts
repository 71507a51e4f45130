import type { EndedSession, SessionHandle, Snapshot } from '../../ports/session-handle.ts'
import {
  toUnfinishedTombstone,
  toFinishedTombstone,
  hasTokensToRevoke,
  type RevokedTokens,
} from '../../model/session-end.ts'
import { toTombstone, endsAt, type SessionRecord } from '../../model/session-record.ts'
import { withLedger, withTokenResponse } from '../../model/session-transitions.ts'
import { type EndReason, OperatorError } from '../../vocabulary/index.ts'
import { timeReason } from './end-notices.ts'
import { isUnreadable, type SealedRecord, type SealedStore } from './sealed-store.ts'
import type { HandleOptions } from './session-strategy.ts'
import { everySwapLost, MAX_SWAPS } from '../stores/until-won.ts'
import { LISTEN_MS } from '../protocol/http.ts'

/** The parts that differ between cookie sessions and server sessions. */
export interface StoragePolicy {
  /** Returns the newest record, given the record that the store holds. By default, it is that one. */
  readonly newest?: (held: SessionRecord | undefined) => SessionRecord | undefined
  /** Returns when the store may forget the tombstone of a session that has ended, in seconds since the epoch. */
  tombstoneUntil(record: SessionRecord): number
  /** Returns when the store may forget any other record. By default, `storedUntil` decides. */
  readonly keepUntil?: typeof storedUntil
  /** The maximum size of a record as JSON, in bytes. */
  readonly maxRecordBytes: number
  /** Whether a session is over when it is missing from the store. */
  readonly isOnlyInStore: boolean
  /** The session that the cookie carries, if it carries one. */
  readonly carried?: SessionRecord | undefined
}

/** Creates the handle of a session. The store holds its newest record, or shows that none exists. */
export function createStoredHandle(
  key: string,
  options: HandleOptions,
  { newest, tombstoneUntil, keepUntil = storedUntil, maxRecordBytes, isOnlyInStore, carried }: StoragePolicy,
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
  const onlyCarried = carried && { record: carried, sealed: undefined }

  function newestOf(held: SealedRecord | undefined): Snapshot | undefined {
    if (!newest) return held
    const record = newest(held?.record)
    // The same object each time, so that a caller can see that nothing has changed.
    if (held && held.record === record) return held
    return record && { record, sealed: held?.sealed }
  }

  const readIncludingEnded = async () => newestOf(await sealedStore.read(key))

  async function readIgnoringExpiry(): Promise<Snapshot | undefined> {
    const current = await readIncludingEnded()
    return current?.record.ended ? undefined : current
  }

  function swap(from: Snapshot, to: SessionRecord): Promise<Snapshot | 'again'> {
    const until = to.ended ? tombstoneUntil(to) : keepUntil(to, idleTimeoutSeconds)
    const swapped = sealedStore.swap(key, from.sealed, to, until, from.record.claims.sub)
    return to.ended ? swapped.then(forgetEnded) : swapped
  }

  function forgetEnded(snapshot: Snapshot | 'again'): Snapshot | 'again' {
    if (snapshot !== 'again') notices.forget(key)
    return snapshot
  }

  async function readWith(read: SealedStore['read']): Promise<Snapshot | undefined> {
    if (pending.has(key)) return undefined
    const current = newestOf(await read(key))
    // A sign-out can have failed during the read.
    if (pending.has(key)) return undefined
    if (!current) {
      if (isOnlyInStore) notices.missed(key)
      return undefined
    }
    const active = ifActive(current)
    if (active) return active
    // A session whose time is over is not ended, because the clock of this process might be wrong.
    if (current.record.ended) notices.forget(key)
    else notices.report(key, timeReason(current.record, clock.now()))
    return undefined
  }

  /** Returns the session, unless it is over. */
  function ifActive(current: Snapshot, now = clock.now()): Snapshot | undefined {
    if (isOver(current, now)) return undefined
    if (isOnlyInStore) notices.saw(current.record, now)
    return current
  }

  function isOver({ record }: Snapshot, now = clock.now()): boolean {
    return record.ended !== undefined || now >= endsAt(record, idleTimeoutSeconds)
  }

  function readNow(now?: number): Snapshot | undefined {
    const current = pending.has(key) ? undefined : newestOf(sealedStore.readNow?.(key))
    // Without a record in the store, only `read` knows whether the session is over.
    return current?.sealed === undefined ? undefined : ifActive(current, now)
  }

  /** Removes an unreadable record, so that it does not prevent a sign-out. A cookie session is then ended unchanged. */
  async function readOrRemove(reason: EndReason): Promise<Snapshot | undefined> {
    try {
      return await readIncludingEnded()
    } catch (error) {
      if (!isUnreadable(error)) throw error
      await sealedStore.remove(key)
      if (isOnlyInStore) notices.report(key, reason)
      return readIncludingEnded()
    }
  }

  function endedAs(record: SessionRecord, tombstone: Snapshot): EndedSession {
    return {
      record,
      async finish(isRevoked) {
        const next = toFinishedTombstone(tombstone.record, isRevoked)
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

  const handle: SessionHandle = {
    key,
    maxRecordBytes,
    carried,
    readIgnoringExpiry,
    swap,
    readIncludingEnded,
    isUsable: (seen) => !pending.has(key) && !isOver(seen),
    swapLedger: (from, ledger) => swap(from, withLedger(from.record, ledger)),
    async storeGrant(from, { grant, now, ledgerAfter, keepAlive }) {
      const next = withTokenResponse(from.record, grant, now, ledgerAfter, maxRecordBytes, keepClaims)
      const snapshot = await swap(from, next)
      if (refreshed && snapshot !== 'again' && grant.accessToken)
        keepAlive(
          refreshed({ handle, before: from.record, after: snapshot.record, claims: grant.claims, keepAlive }),
        )
      return snapshot
    },
    refuse: (from, reason) => swap(from, toTombstone(from.record, reason)),
    reportRefusal(reason, before, keepAlive) {
      notices.report(key, reason)
      if (before) keepAlive(unlist(before.record).catch(ignoreStore))
    },
    read: () => readWith(sealedStore.read),
    readNow: sealedStore.readNow && readNow,
    readShared: () => readWith(readShared),
    async end(reason, revoke = false, condition) {
      for (let i = 0; i < MAX_SWAPS; i++) {
        const seen = i === 0 ? condition?.seen : undefined
        const current = seen ?? (await readOrRemove(reason)) ?? onlyCarried
        if (!current) {
          if (isOnlyInStore && !condition) notices.missed(key)
          return undefined
        }
        if (current.record.ended) return resume(current, revoke)
        if (condition && !condition.mayEnd(current.record)) return undefined
        // This is a swap and not a removal, so that a refresh that completes later revokes its tokens.
        const { successor } = condition ?? {}
        const tombstone = await swap(
          current,
          toUnfinishedTombstone(current.record, reason, revoke, successor),
        )
        if (tombstone === 'again') continue
        notices.report(key, reason)
        return endedAs(current.record, tombstone)
      }
      throw everySwapLost()
    },
  }
  return handle
}

/**
 * Returns when the store may forget a session that has not ended, in seconds since the epoch. A refresh that was sent
 * before the end of the session, or of its grant, needs the record for its response, which can extend both.
 */
export function storedUntil(record: SessionRecord, idleTimeoutSeconds: number): number {
  return endsAt(record, idleTimeoutSeconds) + (record.ledger.lease ? LISTEN_MS / 1000 : 0)
}

const nothing = () => Promise.resolve()

/** Ignores store failures, which an event has reported. Rethrows other errors. */
export function ignoreStore(error: unknown): undefined {
  if (!(error instanceof OperatorError)) throw error
}
