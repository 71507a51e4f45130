import type { ConnectionRecord } from '../../model/connection-record.ts'
import type { Clock } from '../../ports/clock.ts'
import type { SessionIndex } from '../../ports/session-store.ts'
import {
  dueListings,
  isListingOver,
  type ListingName,
  listingOf,
} from '../../rules/connections/refresh-listing.ts'
import { sha256 } from '../runtime/digest.ts'
import type { ConnectionStore } from './connection-store.ts'

/**
 * Finds the connections whose grant was not refreshed for long, without a scan of the store.
 *
 * An entry is added after its record was stored, and removed only after the entry that replaces it was added. So a process that
 * stops in between leaves an entry too many, which `correct` removes. That also removes the entry of a connection that the owner has
 * removed, when its week is over. Before, a store that removes the entry late could remove that of a new grant.
 */
export interface RefreshIndex {
  /**
   * Lists a connection by its last refresh, if that was in another week than before.
   *
   * @param before - The earlier record. Without one, the connection is listed in any case.
   */
  move(before: ConnectionRecord | undefined, after: ConnectionRecord): Promise<void>
  /** Resolves to the lists that can have connections whose last refresh was before `limit`. The oldest is first. */
  due(limit: number): Promise<ListingName[]>
  /** Resolves to the keys of a list. A list that is empty and whose week is over is forgotten. */
  keysOf(name: ListingName): Promise<readonly string[]>
  /**
   * Removes an entry that does not fit the record, and adds the right one.
   *
   * @param record - The record that was read. `undefined`: it does not exist, or it must be read.
   */
  correct(name: ListingName, key: string, record: ConnectionRecord | undefined): Promise<void>
}

export interface RefreshIndexOptions {
  readonly store: Pick<ConnectionStore, 'read'>
  readonly index: SessionIndex
  readonly clock: Pick<Clock, 'now'>
}

/** The store keeps an entry until it is removed. */
const KEPT_SECONDS = 100 * 31_536_000
/** A process remembers the lists of several weeks. */
const MAX_KNOWN = 1000

export function createRefreshIndex({ store, index, clock }: RefreshIndexOptions): RefreshIndex {
  const known = new Set<ListingName>()
  const directory = sha256(JSON.stringify(['refresh lists']))
  const termOf = (name: ListingName) => sha256(JSON.stringify(['refreshed in', name]))
  const add = async (term: Promise<string>, key: string) =>
    index.add(await term, key, clock.now() + KEPT_SECONDS)

  /** The directory comes last, because `keysOf` removes it first. */
  async function list(name: ListingName, key: string): Promise<void> {
    await add(termOf(name), key)
    if (known.has(name) && !isListingOver(name, clock.now())) return
    await add(directory, name)
    if (known.size >= MAX_KNOWN) known.clear()
    known.add(name)
  }

  const remove = async (name: ListingName, key: string) => index.remove(await termOf(name), key)

  async function correct(
    name: ListingName,
    key: string,
    record: ConnectionRecord | undefined,
  ): Promise<void> {
    const right = record && listingOf(record)
    if (right === name) return
    // A process lists a connection before it stores the record, and can stop after that.
    if (right === undefined && !isListingOver(name, clock.now())) return
    if (right !== undefined) await list(right, key)
    await remove(name, key)
    // Another process can have changed the record at the same time.
    const newest = (await store.read({ key }))?.record
    if (newest && listingOf(newest) === name) await list(name, key)
  }

  return {
    async move(before, after) {
      const [from, to] = [before && listingOf(before), listingOf(after)]
      if (to === undefined || to === from) return
      await list(to, after.id)
      if (from !== undefined) await remove(from, after.id)
    },
    due: async (limit) => dueListings(await index.keys(await directory), limit),
    async keysOf(name) {
      const keys = await index.keys(await termOf(name))
      if (keys.length > 0 || !isListingOver(name, clock.now())) return keys
      await index.remove(await directory, name)
      // Another process can have corrected an entry at the same time.
      if ((await index.keys(await termOf(name))).length > 0) await add(directory, name)
      return []
    },
    correct,
  }
}
