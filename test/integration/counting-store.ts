import { createMemoryStore, type SessionStore } from '@evertoken/core'

export interface CountingStore {
  readonly store: SessionStore
  readonly counts: { read: number; swap: number; remove: number }
  reset(): void
}

/** Creates a store that counts its operations. */
export function createCountingStore(): CountingStore {
  const memory = createMemoryStore({ clock: { now: () => 0, elapsed: () => 0 } })
  const counts = { read: 0, swap: 0, remove: 0 }
  const store: SessionStore = {
    ...memory,
    read(key) {
      counts.read++
      return memory.read(key)
    },
    swap(...args) {
      counts.swap++
      return memory.swap(...args)
    },
    remove(key) {
      counts.remove++
      return memory.remove(key)
    },
  }
  return { store, counts, reset: () => void Object.assign(counts, { read: 0, swap: 0, remove: 0 }) }
}
