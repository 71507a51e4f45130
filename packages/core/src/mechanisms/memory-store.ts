import type { Clock } from '../ports/clock.ts'
import type { SessionStore } from '../ports/session-store.ts'
import { ConfigurationError } from '../vocabulary/index.ts'
import { createFairOrder, type FairOrder, type Owned } from './fair-order.ts'
import { createMemoryIndex, deadlineOf, type Kept } from './memory-index.ts'
import { systemClock } from './system-clock.ts'

export interface MemoryStoreOptions {
  /**
   * How many records the store keeps, and as many notes about sessions that have ended and sign-ins that were completed. If
   * it is full, the user who has the most makes room with the oldest.
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

interface Entry extends Owned<Entry>, Kept {
  readonly key: string
  record: string
  /** The notes about sessions that have ended, or the other records. */
  order: FairOrder<Entry>
}

/** The owner of records that name none. */
const NO_OWNER = ''
/** How many entries a write looks at, to drop those that have expired. */
const LOOK_AT = 2

/**
 * Creates a session store in the memory of one process.
 *
 * Every operation takes constant time, and nothing grows without bound. The wall clock is read only when something is
 * written, to learn how long it must be kept. From then on a monotonic clock measures that time, so a wall clock that
 * jumps neither drops a session nor brings one back.
 *
 * Sign-outs are forgotten when the process ends. Use a store that outlives it if copies of a cookie must stay rejected.
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
  const records = createFairOrder<Entry>()
  // Users who sign in often must not push out the notes about the sign-outs of others.
  const notes = createFairOrder<Entry>()
  const index = createMemoryIndex(maxEntries, clock, (key) => entries.has(key))
  /** Moves over all entries in a circle, to find expired ones. */
  let hand = entries.values()

  function drop(entry: Entry): void {
    entries.delete(entry.key)
    entry.order.remove(entry)
    index.drop(entry.key)
  }

  function sweep(): void {
    const now = clock.elapsed()
    for (let i = 0; i < LOOK_AT; i++) {
      let step = hand.next()
      if (step.done) {
        hand = entries.values()
        step = hand.next()
      }
      if (!step.done && step.value.deadline <= now) drop(step.value)
    }
  }

  function add(entry: Entry, owner: string): void {
    sweep()
    if (entry.order.size >= maxEntries) {
      const oldest = entry.order.next()
      if (oldest) drop(oldest)
    }
    entries.set(entry.key, entry)
    entry.order.append(entry, owner)
    index.keep(entry.key)
  }

  return {
    consistency: 'strong',
    outlivesProcess: false,
    index: index.store,
    read(key) {
      const entry = entries.get(key)
      return Promise.resolve(entry && entry.deadline > clock.elapsed() ? entry.record : undefined)
    },
    swap(key, expected, record, expiresAt, hint) {
      const entry = entries.get(key)
      const live = entry && entry.deadline > clock.elapsed() ? entry : undefined
      if (live?.record !== expected) return Promise.resolve(false)
      const deadline = deadlineOf(expiresAt, live, clock)
      const order = hint?.isNote ? notes : records
      const owner = hint?.owner ?? entry?.owner?.name ?? NO_OWNER
      const next = { key, record, expiresAt, deadline, order, owner: undefined }
      if (entry) {
        entry.order.remove(entry)
        // The entry stays in the map, and so does its place for the hand.
        Object.assign(entry, next)
        if (order.size >= maxEntries) {
          const oldest = order.next()
          if (oldest) drop(oldest)
        }
        order.append(entry, owner)
      } else add(next, owner)
      return Promise.resolve(true)
    },
    remove(key) {
      const entry = entries.get(key)
      if (entry) {
        entries.delete(key)
        entry.order.remove(entry)
        index.release(key)
      }
      return Promise.resolve()
    },
  }
}
