/** Returns how often each operation of a faulty store was called, and starts again. */
export function takeCounts(store) {
  const counts = {}
  for (const { kind, method } of store.log) {
    const name = method === undefined ? kind : `index.${method}`
    counts[name] = (counts[name] ?? 0) + 1
  }
  store.resetCounts()
  return counts
}

/** The smallest store. */
export function createMapStore() {
  const records = new Map()
  return {
    read: async (key) => records.get(key),
    async swap(key, expected, record) {
      if (records.get(key) !== expected) return false
      records.set(key, record)
      return true
    },
    remove: async (key) => void records.delete(key),
  }
}
