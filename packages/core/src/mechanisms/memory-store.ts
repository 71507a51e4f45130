import type { SessionIndex, SessionStore } from '../ports/session-store.ts'
import { ConfigurationError } from '../vocabulary/index.ts'
import { systemClock } from './system-clock.ts'
import { createWriteOrder, type Written } from './write-order.ts'

export interface MemoryStoreOptions {
  /** Records kept at most; the one written longest ago makes room. Default 100 000. */
  readonly maxEntries?: number
  /** Seconds since the epoch. */
  readonly now?: () => number
}

interface Entry extends Written<Entry> {
  readonly key: string
  record: string
  expiresAt: number
}

/**
 * A session store in the memory of one process: every operation takes constant time, and nothing grows without bound.
 *
 * @throws ConfigurationError when `maxEntries` is not a whole number above 0.
 */
export function createMemoryStore(options: MemoryStoreOptions = {}): SessionStore {
  const { maxEntries = 100_000, now = systemClock.now } = options
  if (!Number.isInteger(maxEntries) || maxEntries < 1) {
    throw new ConfigurationError('invalid_option', 'Option "maxEntries" must be a whole number above 0')
  }
  const entries = new Map<string, Entry>()
  const order = createWriteOrder<Entry>(maxEntries, drop)

  function drop(entry: Entry): void {
    entries.delete(entry.key)
    order.remove(entry)
  }

  function add(key: string, record: string, expiresAt: number, at: number): void {
    order.makeRoom(at)
    const entry = { key, record, expiresAt, older: undefined, newer: undefined }
    entries.set(key, entry)
    order.append(entry)
  }

  function renew(entry: Entry, record: string, expiresAt: number): void {
    entry.record = record
    entry.expiresAt = expiresAt
    order.remove(entry)
    order.append(entry)
  }

  return {
    consistency: 'strong',
    outlivesProcess: false,
    index: createMemoryIndex(maxEntries, now),
    read(key) {
      const entry = entries.get(key)
      return Promise.resolve(entry && entry.expiresAt > now() ? entry.record : undefined)
    },
    swap(key, expected, record, expiresAt) {
      const at = now()
      const entry = entries.get(key)
      const held = entry && entry.expiresAt > at ? entry.record : undefined
      if (held !== expected) return Promise.resolve(false)
      if (entry) renew(entry, record, expiresAt)
      else add(key, record, expiresAt, at)
      return Promise.resolve(true)
    },
    remove(key) {
      const entry = entries.get(key)
      if (entry) drop(entry)
      return Promise.resolve()
    },
  }
}

interface Pair extends Written<Pair> {
  readonly term: string
  readonly key: string
}

function createMemoryIndex(maxPairs: number, now: () => number): SessionIndex {
  const terms = new Map<string, Map<string, Pair>>()
  const order = createWriteOrder<Pair>(maxPairs, drop)

  function drop(pair: Pair): void {
    const keys = terms.get(pair.term)
    order.remove(pair)
    keys?.delete(pair.key)
    if (keys?.size === 0) terms.delete(pair.term)
  }

  return {
    add(term, key, expiresAt) {
      const known = terms.get(term)?.get(key)
      const pair = { term, key, expiresAt: Math.max(expiresAt, known?.expiresAt ?? 0) }
      if (known) drop(known)
      order.makeRoom(now())
      terms.set(term, (terms.get(term) ?? new Map<string, Pair>()).set(key, pair))
      order.append(pair)
      return Promise.resolve()
    },
    keys(term) {
      const found = [...(terms.get(term)?.values() ?? [])]
      return Promise.resolve(found.filter(({ expiresAt }) => expiresAt > now()).map(({ key }) => key))
    },
    remove(term, key) {
      const pair = terms.get(term)?.get(key)
      if (pair) drop(pair)
      return Promise.resolve()
    },
  }
}
