/** Maps keys to values, and drops the least recently used entry when it is full. */
export interface RecentlyUsed<V> {
  /** Returns the value. The entry is then the most recently used one. */
  get(key: string): V | undefined
  set(key: string, value: V): void
  delete(key: string): void
}

export function createRecentlyUsed<V>(maxEntries: number): RecentlyUsed<V> {
  // The order of a map is that of the insertions, so the first entry is the least recently used one.
  const entries = new Map<string, V>()

  function set(key: string, value: V): void {
    entries.delete(key)
    entries.set(key, value)
    if (entries.size > maxEntries) entries.delete(entries.keys().next().value as string)
  }

  return {
    get(key) {
      const value = entries.get(key)
      if (value !== undefined) set(key, value)
      return value
    },
    set,
    delete: (key) => void entries.delete(key),
  }
}
