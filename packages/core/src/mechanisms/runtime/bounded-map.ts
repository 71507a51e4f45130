/** Maps keys to values, and drops the oldest entry when it is full. */
export interface BoundedMap<K, V> {
  readonly get: (key: K) => V | undefined
  set(key: K, value: V): void
}

export function createBoundedMap<K, V>(maxEntries: number): BoundedMap<K, V> {
  const entries = new Map<K, V>()
  /** The keys as a ring buffer. When it is full, `turn` is the index of the oldest key. */
  const circle: K[] = []
  let turn = 0

  return {
    get: entries.get.bind(entries),
    set(key, value) {
      if (!entries.has(key)) {
        if (circle.length === maxEntries) entries.delete(circle[turn] as K)
        circle[turn] = key
        turn = (turn + 1) % maxEntries
      }
      entries.set(key, value)
    },
  }
}
