import type { Clock } from '../ports/clock.ts'
import type { EndedSession, SessionCell, Snapshot } from '../ports/session-cell.ts'
import { endedUnfinished, finished, hasTokensToRevoke, type RevokedTokens } from '../rules/session-end.ts'
import { endsAt, type SessionRecord } from '../rules/session-record.ts'
import { type EndReason, OperatorError } from '../vocabulary/index.ts'
import { type EndNotices, timeReason } from './end-notices.ts'
import type { PendingSignOuts } from './pending-sign-outs.ts'
import { everySwapLost, MAX_SWAPS } from './swap-until-won.ts'
import type { SealedRecord } from './sealed-records.ts'
import type { Vault } from './vault.ts'

export interface CellOptions {
  readonly vault: Vault
  readonly clock: Clock
  /** Seconds without use after which a session is over. */
  readonly idleSeconds: number
  readonly notices: EndNotices
  readonly pending: PendingSignOuts
  /** Removes a session that has ended from the index of the store. */
  readonly unlist?: ((record: SessionRecord) => Promise<unknown>) | undefined
}

/** What one way to keep a session does in its own manner. */
export interface Keeping {
  /** The newest record there is, seen from the one that the store holds. */
  newest(held: SessionRecord | undefined): SessionRecord | undefined
  /** When the store may forget a record, in seconds since the epoch. */
  keepUntil(record: SessionRecord): number
  /** How many bytes a record may take as JSON. */
  readonly maxRecordBytes: number
  /** Whether a session is over as soon as the store has forgotten it. */
  readonly inStoreAlone: boolean
  /** The session as the cookie carries it, if it does. */
  readonly carried?: SessionRecord
}

/** A session of which a store holds the newest record, or knows that there is none. */
export function createStoredCell(
  key: string,
  { vault, clock, idleSeconds, notices, pending, unlist = nothing }: CellOptions,
  { newest, keepUntil, maxRecordBytes, inStoreAlone, carried }: Keeping,
): SessionCell {
  /** A session that the store has lost. Its tokens can still be revoked, and its copies rejected. */
  const carriedAlone = carried && { record: carried, sealed: undefined }

  function lastOf(held: SealedRecord | undefined): Snapshot | undefined {
    const record = newest(held?.record)
    return record && { record, sealed: held?.sealed }
  }

  async function kept(): Promise<Snapshot | undefined> {
    const now = lastOf(await vault.read(key))
    return now?.record.ended ? undefined : now
  }

  const swap: SessionCell['swap'] = async (from, to) => {
    const snapshot = await vault.swap(key, from.sealed, to, keepUntil(to), from.record.claims.sub)
    if (snapshot && to.ended) notices.forget(key)
    return snapshot
  }

  const last = async () => lastOf(await vault.read(key))

  /** A record that cannot be read must not prevent a sign-out: it is removed. A cookie session is then ended as it is. */
  async function lastOrRemoved(reason: EndReason): Promise<Snapshot | undefined> {
    try {
      return await last()
    } catch (error) {
      if (!(error instanceof OperatorError) || error.code !== 'store_record_unreadable') throw error
      await vault.remove(key)
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

  /** Completes the end that another sign-out has begun, unless that one is still at work in this process. */
  function resume(tombstone: Snapshot, revoke: RevokedTokens): EndedSession | undefined {
    const { record } = tombstone
    if (record.unfinished ? notices.isRecent(key) : !revoke || !hasTokensToRevoke(record)) return undefined
    if (record.unfinished && record.ended) notices.report(key, record.ended)
    return endedAs(record, tombstone)
  }

  return {
    key,
    maxRecordBytes,
    carried,
    kept,
    swap,
    last,
    async read() {
      if (pending.has(key)) return undefined
      const now = await last()
      if (!now) {
        if (inStoreAlone) notices.missed(key)
        return undefined
      }
      if (now.record.ended) {
        notices.forget(key)
        return undefined
      }
      if (clock.now() < endsAt(now.record, idleSeconds)) {
        if (inStoreAlone) notices.saw(now.record)
        return now
      }
      // The session is not ended: the clock of this process might be wrong.
      notices.report(key, timeReason(now.record, clock.now()))
      return undefined
    },
    reportEnd: (reason) => notices.report(key, reason),
    unlist: async (record) => void (await unlist(record).catch(ignoreStore)),
    async end(reason, revoke = false, mayEnd) {
      for (let i = 0; i < MAX_SWAPS; i++) {
        const now = (await lastOrRemoved(reason)) ?? carriedAlone
        if (!now) {
          if (inStoreAlone && !mayEnd) notices.missed(key)
          return undefined
        }
        if (now.record.ended) return resume(now, revoke)
        if (mayEnd && !mayEnd(now.record)) return undefined
        // A swap, not a removal: a refresh that ends later must find that it has to revoke its tokens.
        const tombstone = await swap(now, endedUnfinished(now.record, reason, revoke))
        if (!tombstone) continue
        notices.report(key, reason)
        return endedAs(now.record, tombstone)
      }
      throw everySwapLost()
    },
  }
}

const nothing = () => Promise.resolve()

function ignoreStore(error: unknown): void {
  if (!(error instanceof OperatorError)) throw error
}
