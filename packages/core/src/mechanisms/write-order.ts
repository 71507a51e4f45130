/** An entry knows its neighbours in the order of writing. Only `WriteOrder` sets them. */
export interface Written<T> {
  /** Until when the entry is kept, in milliseconds by the monotonic clock. */
  readonly deadline: number
  older?: T | undefined
  newer?: T | undefined
}

/**
 * Entries in the order in which they were written, which decides who makes room. The order of a `Map` would do, but
 * looking for its oldest entry steps over all that was deleted before, and a key deleted and set often is found slowly.
 */
export interface WriteOrder<T> {
  append(entry: T): void
  remove(entry: T): void
  /** Drops a few entries that have expired, and the oldest if there are too many. Call it before you add one. */
  makeRoom(now: number): void
}

const LOOK_AT = 2

/** @param drop - Forgets an entry, and removes it from the order. */
export function createWriteOrder<T extends Written<T>>(
  maxEntries: number,
  drop: (entry: T) => void,
): WriteOrder<T> {
  let size = 0
  let oldest: T | undefined
  let newest: T | undefined
  /** Moves over all entries in a circle, to find expired ones. */
  let hand: T | undefined

  return {
    append(entry) {
      entry.older = newest
      entry.newer = undefined
      if (newest) newest.newer = entry
      else oldest = entry
      newest = entry
      size++
    },
    remove(entry) {
      const { older, newer } = entry
      if (older) older.newer = newer
      else oldest = newer
      if (newer) newer.older = older
      else newest = older
      if (hand === entry) hand = older
      size--
    },
    makeRoom(now) {
      for (let i = 0; i < LOOK_AT; i++) {
        hand = hand?.newer ?? oldest
        if (hand && hand.deadline <= now) drop(hand)
      }
      if (oldest && size >= maxEntries) drop(oldest)
    },
  }
}
