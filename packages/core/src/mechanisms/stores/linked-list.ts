/** An item of a list. Only the functions of this file set its links. */
export interface Linked<T> {
  older?: T | undefined
  newer?: T | undefined
}

/**
 * A list in insertion order.
 *
 * A `Map` has the same order. However, finding its oldest entry skips over all the entries that were deleted before.
 */
export interface LinkedList<T> {
  oldest: T | undefined
  newest: T | undefined
  size: number
}

export function createList<T>(): LinkedList<T> {
  return { oldest: undefined, newest: undefined, size: 0 }
}

export function append<T extends Linked<T>>(list: LinkedList<T>, item: T): void {
  item.older = list.newest
  item.newer = undefined
  if (list.newest) list.newest.newer = item
  else list.oldest = item
  list.newest = item
  list.size++
}

export function unlink<T extends Linked<T>>(list: LinkedList<T>, item: T): void {
  const { older, newer } = item
  if (older) older.newer = newer
  else list.oldest = newer
  if (newer) newer.older = older
  else list.newest = older
  list.size--
}
