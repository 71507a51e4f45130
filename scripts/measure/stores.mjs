/** A store that counts its operations. `take` returns the counts and starts again. */
export function createCountingStore(store) {
  let counts = {}
  const counted = (target, prefix) =>
    Object.fromEntries(
      Object.entries(target).map(([name, member]) => [
        name,
        typeof member !== 'function'
          ? member
          : (...input) => {
              counts[prefix + name] = (counts[prefix + name] ?? 0) + 1
              return member(...input)
            },
      ]),
    )
  return {
    ...counted(store, ''),
    index: counted(store.index, 'index.'),
    take() {
      const taken = counts
      counts = {}
      return taken
    },
  }
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
