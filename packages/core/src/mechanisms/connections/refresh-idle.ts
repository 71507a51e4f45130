import type { ConnectionRecord } from '../../model/connection-record.ts'
import type { Clock } from '../../ports/clock.ts'
import type { KeepAlive } from '../../ports/runtime.ts'
import { lastRefreshOf, type ListingName, listingOf } from '../../rules/connections/refresh-listing.ts'
import { forEachInParallel } from '../runtime/in-batches.ts'
import type { ConnectionSnapshot, ConnectionStore } from './connection-store.ts'
import type { RefreshIndex } from './refresh-index.ts'

/** The number of connections by the result of their refresh. */
export interface IdleRefreshes {
  /** How many grants were refreshed. */
  readonly refreshed: number
  /** How many refreshes have failed for now. The next call tries them again. */
  readonly failed: number
  /** How many grants no longer work, so that their owners must connect again. */
  readonly needsReauthorization: number
  /** Whether all connections were visited. `false`: call again to continue. */
  readonly isComplete: boolean
}

export interface RefreshIdleOptions {
  readonly store: Pick<ConnectionStore, 'read'>
  readonly index: RefreshIndex
  readonly clock: Pick<Clock, 'now'>
  /** Returns the name of the provider of a connection. `undefined` if the application does not have it. */
  readonly providerOf: (record: ConnectionRecord) => string | undefined
  /** Refreshes a grant, unless another process has replaced this token. Resolves to whether the grant works. */
  readonly refresh: (record: ConnectionRecord, replaced: string, keepAlive: KeepAlive) => Promise<boolean>
  /** Whether the run must stop. */
  readonly isCut: () => boolean
  readonly keepAlive: KeepAlive
}

/** The records that are read at the same time. */
const PARALLEL_READS = 32
/** The refreshes at one provider at the same time. */
const PARALLEL_REFRESHES = 8

/**
 * Refreshes the grants whose last refresh was before a time, the oldest first.
 *
 * A grant leaves its list when it is refreshed, so another run continues where this one was cut.
 *
 * @param limit - Seconds since the epoch.
 */
export async function refreshIdle(limit: number, options: RefreshIdleOptions): Promise<IdleRefreshes> {
  const { index, providerOf, refresh, isCut, keepAlive } = options
  const counts = { refreshed: 0, failed: 0, needsReauthorization: 0 }
  for (const name of await index.due(limit)) {
    const due = new Map<string, ConnectionRecord[]>()
    await forEachInParallel(await index.keysOf(name), PARALLEL_READS, async (key) => {
      if (isCut()) return
      const record = await readListed(name, key, options)
      if (record === undefined) return
      if (record === 'unreadable') counts.failed++
      else if (record.broken && !record.broken.isTemporary) counts.needsReauthorization++
      else if (listingOf(record) !== undefined && lastRefreshOf(record) <= limit) {
        const provider = providerOf(record)
        if (provider !== undefined) due.set(provider, [...(due.get(provider) ?? []), record])
      }
    })
    // A provider that is slow does not delay the others.
    await Promise.all(
      Array.from(due.values(), (records) =>
        forEachInParallel(records, PARALLEL_REFRESHES, async (record) => {
          if (isCut()) return
          const replaced = record.ledger.tokens['']?.value ?? ''
          // An event has reported each failure.
          const isWorking = await refresh(record, replaced, keepAlive).catch(() => undefined)
          if (isWorking === undefined) counts.failed++
          else if (isWorking) counts.refreshed++
          else {
            counts.needsReauthorization++
            // If the refusal is final, the next run does not visit it again.
            await index.correct(name, record.id, undefined)
          }
        }),
      ),
    )
    if (isCut()) return { ...counts, isComplete: false }
  }
  return { ...counts, isComplete: true }
}

/** Reads the record of an entry, and corrects the entry if the record does not belong to this list. */
async function readListed(
  name: ListingName,
  key: string,
  { store, index }: RefreshIdleOptions,
): Promise<ConnectionSnapshot['record'] | 'unreadable' | undefined> {
  const held = await store.read({ key })
  // Applications with other secrets can share the store.
  if (held && !held.record) return 'unreadable'
  await index.correct(name, key, held?.record)
  return held?.record.ended ? undefined : held?.record
}
