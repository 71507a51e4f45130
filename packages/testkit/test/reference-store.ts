import type { SessionIndex, SessionStore } from '@evertoken/core'

export interface Entry {
  readonly record: string
  readonly expiresAt: number
}

export interface Parts {
  readonly entries: Map<string, Entry>
  readonly find: (key: string) => string | undefined
  readonly store: SessionStore
}

/** A correct store, in parts that the broken ones replace. */
export function createParts(now: () => number): Parts {
  const entries = new Map<string, Entry>()
  const find = (key: string) => {
    const entry = entries.get(key)
    return entry && now() < entry.expiresAt ? entry.record : undefined
  }
  const store: SessionStore = {
    read: (key) => Promise.resolve(find(key)),
    async swap(key, expected, record, expiresAt) {
      if (find(key) !== expected) return false
      entries.set(key, { record, expiresAt })
      return true
    },
    async remove(key) {
      entries.delete(key)
    },
    index: createIndex(now),
  }
  return { entries, find, store }
}

export function createIndex(now: () => number): SessionIndex {
  const terms = new Map<string, Map<string, number>>()
  return {
    async add(term, key, expiresAt) {
      const keys = terms.get(term) ?? new Map<string, number>()
      terms.set(term, keys.set(key, Math.max(expiresAt, keys.get(key) ?? 0)))
    },
    async keys(term) {
      const live = [...(terms.get(term) ?? [])].filter(([, expiresAt]) => now() < expiresAt)
      return live.map(([key]) => key)
    },
    async remove(term, key) {
      terms.get(term)?.delete(key)
    },
  }
}
