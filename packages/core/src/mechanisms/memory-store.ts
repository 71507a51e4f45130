import type { SessionIndex, SessionStore } from '../ports/session-store.ts'
import { systemClock } from './system-clock.ts'

export interface MemoryStoreOptions {
  /** Records kept at most; the one written longest ago makes room. Default 100 000. */
  readonly maxEntries?: number
  /** Seconds since the epoch. */
  readonly now?: () => number
}

interface Entry {
  readonly record: string
  readonly expiresAt: number
}

const SWEEP_PER_WRITE = 2

/** A session store in the memory of one process: every operation takes constant time, and nothing grows without bound. */
export function createMemoryStore(options: MemoryStoreOptions = {}): SessionStore {
  const { maxEntries = 100_000, now = systemClock.now } = options
  const entries = new Map<string, Entry>()
  const sweep = createSweep(entries, now)

  const live = (key: string) => {
    const entry = entries.get(key)
    return entry && entry.expiresAt > now() ? entry.record : undefined
  }

  return {
    consistency: 'strong',
    index: createMemoryIndex(maxEntries, now),
    read: (key) => Promise.resolve(live(key)),
    swap(key, expected, record, expiresAt) {
      if (live(key) !== expected) return Promise.resolve(false)
      sweep()
      entries.delete(key)
      if (expiresAt > now()) entries.set(key, { record, expiresAt })
      if (entries.size > maxEntries) entries.delete(entries.keys().next().value as string)
      return Promise.resolve(true)
    },
    remove(key) {
      entries.delete(key)
      return Promise.resolve()
    },
  }
}

/** Looks at a few entries per write, round and round, and drops those that have expired. */
function createSweep(entries: Map<string, { readonly expiresAt: number }>, now: () => number): () => void {
  let hand = entries.entries()
  return () => {
    for (let i = 0; i < SWEEP_PER_WRITE; i++) {
      const next = hand.next()
      if (next.done) {
        hand = entries.entries()
        return
      }
      if (next.value[1].expiresAt <= now()) entries.delete(next.value[0])
    }
  }
}

function createMemoryIndex(maxTerms: number, now: () => number): SessionIndex {
  const terms = new Map<string, Map<string, { readonly expiresAt: number }>>()
  return {
    add(term, key, expiresAt) {
      const keys = terms.get(term) ?? new Map<string, { readonly expiresAt: number }>()
      for (const [other, entry] of keys) if (entry.expiresAt <= now()) keys.delete(other)
      keys.set(key, { expiresAt })
      terms.delete(term)
      terms.set(term, keys)
      if (terms.size > maxTerms) terms.delete(terms.keys().next().value as string)
      return Promise.resolve()
    },
    keys(term) {
      const keys = [...(terms.get(term) ?? [])]
      return Promise.resolve(keys.filter(([, { expiresAt }]) => expiresAt > now()).map(([key]) => key))
    },
    remove(term, key) {
      const keys = terms.get(term)
      keys?.delete(key)
      if (keys?.size === 0) terms.delete(term)
      return Promise.resolve()
    },
  }
}
