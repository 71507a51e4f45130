import type { Clock } from '../ports/clock.ts'
import type { SessionIndex, SessionStore } from '../ports/session-store.ts'
import { ConfigurationError } from '../vocabulary/index.ts'
import { systemClock } from './system-clock.ts'
import { createWriteOrder, type Written } from './write-order.ts'

export interface MemoryStoreOptions {
  /**
   * How many records the store keeps. If it is full, the record that was written longest ago makes room.
   *
   * @default 100_000
   */
  readonly maxEntries?: number
  /**
   * The clock that expiry is measured with.
   *
   * @default the clock of the system
   */
  readonly clock?: Pick<Clock, 'now' | 'elapsed'>
}

interface Entry extends Written<Entry> {
  readonly key: string
  record: string
  expiresAt: number
  deadline: number
}

/**
 * Creates a session store in the memory of one process.
 *
 * Every operation takes constant time, and nothing grows without bound. The wall clock is read only when something is
 * written, to learn how long it must be kept. From then on a monotonic clock measures that time, so a wall clock that
 * jumps neither drops a session nor brings one back.
 *
 * @throws {ConfigurationError} If `maxEntries` is not a whole number above 0, or `clock` is not a clock.
 */
export function createMemoryStore(options: MemoryStoreOptions = {}): SessionStore {
  const { maxEntries = 100_000, clock = systemClock } = options
  if (!Number.isInteger(maxEntries) || maxEntries < 1)
    throw new ConfigurationError('invalid_option', 'Option "maxEntries" must be a whole number above 0')
  if (typeof clock?.now !== 'function' || typeof clock.elapsed !== 'function')
    throw new ConfigurationError('invalid_option', 'Option "clock" must have the methods now, elapsed')
  const entries = new Map<string, Entry>()
  const order = createWriteOrder<Entry>(maxEntries, drop)

  function drop(entry: Entry): void {
    entries.delete(entry.key)
    order.remove(entry)
  }

  function add(key: string, record: string, expiresAt: number, deadline: number): void {
    order.makeRoom(clock.elapsed())
    const entry = { key, record, expiresAt, deadline, older: undefined, newer: undefined }
    entries.set(key, entry)
    order.append(entry)
  }

  function renew(entry: Entry, record: string, expiresAt: number, deadline: number): void {
    entry.record = record
    entry.expiresAt = expiresAt
    entry.deadline = deadline
    order.remove(entry)
    order.append(entry)
  }

  return {
    consistency: 'strong',
    outlivesProcess: false,
    index: createMemoryIndex(maxEntries, clock),
    read(key) {
      const entry = entries.get(key)
      return Promise.resolve(entry && entry.deadline > clock.elapsed() ? entry.record : undefined)
    },
    swap(key, expected, record, expiresAt) {
      const entry = entries.get(key)
      const live = entry && entry.deadline > clock.elapsed() ? entry : undefined
      if (live?.record !== expected) return Promise.resolve(false)
      const deadline = deadlineOf(expiresAt, live, clock)
      if (entry) renew(entry, record, expiresAt, deadline)
      else add(key, record, expiresAt, deadline)
      return Promise.resolve(true)
    },
    remove(key) {
      const entry = entries.get(key)
      if (entry) drop(entry)
      return Promise.resolve()
    },
  }
}

/**
 * Returns until when something must be kept, by the monotonic clock.
 *
 * `expiresAt` might have been computed before the wall clock jumped ahead, and is then in the past. If a record is
 * rewritten, it is therefore also kept for as much longer as its expiry has moved, whatever the wall clock shows.
 */
function deadlineOf(
  expiresAt: number,
  before: Pick<Entry, 'expiresAt' | 'deadline'> | undefined,
  clock: Pick<Clock, 'now' | 'elapsed'>,
): number {
  const deadline = clock.elapsed() + toMs(expiresAt - clock.now())
  return before ? Math.max(deadline, before.deadline + toMs(expiresAt - before.expiresAt)) : deadline
}

/** Rounds, because the difference of two dates in seconds is off by some tenths of a microsecond. */
function toMs(seconds: number): number {
  return Math.round(seconds * 1000)
}

interface Pair extends Written<Pair> {
  readonly term: string
  readonly key: string
}

function createMemoryIndex(maxPairs: number, clock: Pick<Clock, 'now' | 'elapsed'>): SessionIndex {
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
      const deadline = Math.max(deadlineOf(expiresAt, undefined, clock), known?.deadline ?? -Infinity)
      const pair = { term, key, deadline }
      if (known) drop(known)
      order.makeRoom(clock.elapsed())
      terms.set(term, (terms.get(term) ?? new Map<string, Pair>()).set(key, pair))
      order.append(pair)
      return Promise.resolve()
    },
    keys(term) {
      const found = [...(terms.get(term)?.values() ?? [])]
      const now = clock.elapsed()
      return Promise.resolve(found.filter(({ deadline }) => deadline > now).map(({ key }) => key))
    },
    remove(term, key) {
      const pair = terms.get(term)?.get(key)
      if (pair) drop(pair)
      return Promise.resolve()
    },
  }
}
