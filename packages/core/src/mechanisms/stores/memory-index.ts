import type { Clock } from '../../ports/clock.ts'
import type { SessionIndex } from '../../ports/session-store.ts'
import { append, createList, type Linked, unlink } from './linked-list.ts'

/** When an item may be dropped. */
export interface Kept {
  expiresAt: number
  /** By the monotonic clock, in milliseconds. */
  deadline: number
}

/** Indexes a memory store. Each entry is kept for as long as the record of its session. */
export interface MemoryIndex {
  readonly store: SessionIndex
  /** Marks the record as stored. */
  keep(key: string): void
  /** Marks the record as removed. Its entries wait for another record. */
  release(key: string): void
  /** Removes the entries after the record has expired or was dropped. */
  drop(key: string): void
}

/** The entries of one session. */
interface Listing extends Linked<Listing> {
  readonly key: string
  readonly terms: Map<string, number>
}

/** A session has one term for its subject, and one term for each of its latest `sid` values. */
const MAX_TERMS = 16

/**
 * Creates the index of a memory store.
 *
 * A session is listed before it is stored, so at most `maxWaiting` entries have no record. The index never drops other
 * entries before their record.
 */
export function createMemoryIndex(
  maxWaiting: number,
  clock: Pick<Clock, 'now' | 'elapsed'>,
  isStored: (key: string) => boolean,
): MemoryIndex {
  const listings = new Map<string, Listing>()
  const keysByTerm = new Map<string, Set<string>>()
  /** The listings without a record. */
  const waiting = createList<Listing>()

  function unlist(listing: Listing, term: string): void {
    listing.terms.delete(term)
    const keys = keysByTerm.get(term)
    keys?.delete(listing.key)
    if (keys?.size === 0) keysByTerm.delete(term)
  }

  function forget(listing: Listing): void {
    for (const term of listing.terms.keys()) unlist(listing, term)
    listings.delete(listing.key)
  }

  function dropWaiting(): void {
    const now = clock.elapsed()
    for (let listing = waiting.oldest; listing; listing = waiting.oldest) {
      const isOver = [...listing.terms.values()].every((deadline) => deadline <= now)
      if (!isOver && waiting.size <= maxWaiting) return
      unlink(waiting, listing)
      forget(listing)
    }
  }

  return {
    store: {
      add(term, key, expiresAt) {
        const known = listings.get(key)
        const listing = known ?? { key, terms: new Map<string, number>() }
        const deadline = deadlineOf(expiresAt, undefined, clock)
        const before = listing.terms.get(term) ?? -Infinity
        if (known) unlist(listing, term)
        const [oldest] = listing.terms.size >= MAX_TERMS ? listing.terms.keys() : []
        if (oldest !== undefined) unlist(listing, oldest)
        listing.terms.set(term, Math.max(deadline, before))
        keysByTerm.set(term, (keysByTerm.get(term) ?? new Set<string>()).add(key))
        listings.set(key, listing)
        if (!isStored(key)) {
          if (known) unlink(waiting, listing)
          append(waiting, listing)
          dropWaiting()
        }
        return Promise.resolve()
      },
      keys(term) {
        const now = clock.elapsed()
        const isKept = (key: string) => (listings.get(key)?.terms.get(term) ?? 0) > now
        return Promise.resolve([...(keysByTerm.get(term) ?? [])].filter(isKept))
      },
      remove(term, key) {
        const listing = listings.get(key)
        if (!listing) return Promise.resolve()
        unlist(listing, term)
        if (listing.terms.size > 0) return Promise.resolve()
        listings.delete(key)
        if (!isStored(key)) unlink(waiting, listing)
        return Promise.resolve()
      },
    },
    keep(key) {
      const listing = listings.get(key)
      if (listing) unlink(waiting, listing)
    },
    release(key) {
      const listing = listings.get(key)
      if (listing) append(waiting, listing)
      dropWaiting()
    },
    drop(key) {
      const listing = listings.get(key)
      if (listing) forget(listing)
    },
  }
}

/**
 * Returns the time until which an item must be kept, by the monotonic clock.
 *
 * If the wall clock jumped ahead after `expiresAt` was computed, `expiresAt` is in the past. A record that is rewritten
 * is therefore kept longer by the same amount as its expiry has moved, regardless of the wall clock.
 */
export function deadlineOf(
  expiresAt: number,
  before: Kept | undefined,
  clock: Pick<Clock, 'now' | 'elapsed'>,
): number {
  const deadline = clock.elapsed() + toMs(expiresAt - clock.now())
  return before ? Math.max(deadline, before.deadline + toMs(expiresAt - before.expiresAt)) : deadline
}

/** Converts to milliseconds and rounds, because the difference of two dates is off by some tenths of a microsecond. */
function toMs(seconds: number): number {
  return Math.round(seconds * 1000)
}
