/** Maps keys to values, and drops an entry when it is full: the oldest one, or the least recently used one. */
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

/**
 * Creates a map that drops the least recently used entry. Each use costs more than in a bounded map, so it is for values that
 * cost much to get again.
 */
export function createRecentMap<K, V>(maxEntries: number): BoundedMap<K, V> {
  const entries = new Map<K, V>()

  function put(key: K, value: V): void {
    entries.delete(key)
    entries.set(key, value)
  }

  return {
    get(key) {
      const value = entries.get(key)
      if (value !== undefined) put(key, value)
      return value
    },
    set(key, value) {
      put(key, value)
      const [oldest] = entries.size > maxEntries ? entries.keys() : []
      if (oldest !== undefined) entries.delete(oldest)
    },
  }
}

/** Creates the map of one purpose. */
export type CreateMap = <V>(purpose: string, maxEntries: number) => BoundedMap<string, V>

/** Creates a map of its own for each purpose. */
export const createOwnMap: CreateMap = (_purpose, maxEntries) => createBoundedMap(maxEntries)

/**
 * Creates a function whose maps of one purpose share their entries, so that more maps need no more memory. Each map sees only what
 * was set in it. The keys in different maps must differ: a map that sets the key of another one drops its entry.
 */
export function createSharedMaps(): CreateMap {
  const shared = new Map<string, BoundedMap<string, { readonly owner: symbol; readonly value: unknown }>>()
  return <V>(purpose: string, maxEntries: number): BoundedMap<string, V> => {
    const owner = Symbol('owner')
    const entries = shared.get(purpose) ?? createBoundedMap(maxEntries)
    shared.set(purpose, entries)
    return {
      get(key) {
        const held = entries.get(key)
        return held?.owner === owner ? (held.value as V) : undefined
      },
      set: (key, value) => entries.set(key, { owner, value }),
    }
  }
}
