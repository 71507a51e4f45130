import type { Clock } from '../../ports/clock.ts'
import type { SessionStore } from '../../ports/session-store.ts'
import { ConfigurationError } from '../../vocabulary/index.ts'
import { createFairOrder, type FairOrder, type Owned } from './fair-order.ts'
import { createMemoryIndex, deadlineOf, type Kept } from './memory-index.ts'
import { withImmediateRead } from './guarded-store.ts'
import { systemClock } from '../runtime/system-clock.ts'

/** Options of `createMemoryStore`. */
export interface MemoryStoreOptions {
  /**
   * Maximum number of records. The store keeps up to the same number of notes about ended sessions and completed
   * sign-ins. If the store is full, it drops the oldest record of the user who has the most.
   *
   * @default 100_000
   */
  readonly maxEntries?: number
  /**
   * The clock that measures expiry.
   *
   * @default the clock of the system
   */
  readonly clock?: Pick<Clock, 'now' | 'elapsed'>
}

interface Entry extends Owned<Entry>, Kept {
  readonly key: string
  record: string
  /** Either the order of the notes about ended sessions or the order of the other records. */
  order: FairOrder<Entry>
}

/** The owner of records that name no owner. */
const NO_OWNER = ''
/** How many entries each write checks, to drop expired ones. */
const LOOK_AT = 2

/**
 * Creates a session store in the memory of one process.
 *
 * Every operation takes constant time, and the size is limited. The store reads the wall clock only during a write, to
 * compute how long it must keep the record. After that, a monotonic clock measures the time. A wall clock that jumps
 * therefore neither drops a session nor restores one.
 *
 * The store forgets sign-outs when the process ends. If copies of a cookie must stay rejected after that, use a store
 * that outlives the process.
 *
 * @param options - `maxEntries` limits the number of records. By default, 100,000.
 * @throws {ConfigurationError} If `maxEntries` is not a whole number above 0, or `clock` is not a clock.
 * @example
 *   export const auth = evertoken({ ...options, store: createMemoryStore({ maxEntries: 10_000 }) })
 */
export function createMemoryStore(options: MemoryStoreOptions = {}): SessionStore {
  const { maxEntries = 100_000, clock = systemClock } = options
  if (!Number.isInteger(maxEntries) || maxEntries < 1)
    throw new ConfigurationError('invalid_option', 'Option `maxEntries` must be a whole number above 0.')
  if (typeof clock?.now !== 'function' || typeof clock.elapsed !== 'function')
    throw new ConfigurationError('invalid_option', 'Option `clock` must have the methods now, elapsed.')
  const entries = new Map<string, Entry>()
  const records = createFairOrder<Entry>()
  // Users who sign in often must not displace the notes about the sign-outs of other users.
  const notes = createFairOrder<Entry>()
  const index = createMemoryIndex(maxEntries, clock, (key) => entries.has(key))
  /** Iterates over all entries repeatedly, to find expired ones. */
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

  function readNow(key: string): string | undefined {
    const entry = entries.get(key)
    return entry && entry.deadline > clock.elapsed() ? entry.record : undefined
  }

  return {
    consistency: 'strong',
    outlivesProcess: false,
    index: index.store,
    read: withImmediateRead((key) => Promise.resolve(readNow(key)), readNow),
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
        // The entry keeps its position in the map, so the iteration of `hand` is not affected.
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
