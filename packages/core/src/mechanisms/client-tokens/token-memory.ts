import type { Clock } from '../../ports/clock.ts'
import type { SessionStore } from '../../ports/session-store.ts'
import { createRecentMap } from '../runtime/bounded-map.ts'

/** More than the number of tokens that a process keeps current. */
const MAX_RECORDS = 2000

interface Entry {
  readonly record: string
  readonly expiresAt: number
}

/**
 * Creates a store in the memory of this process for the tokens of the application itself.
 *
 * It is simpler than a memory store of sessions: no users compete for its room, and a lost record costs one request.
 */
export function createTokenMemory(clock: Pick<Clock, 'now'>): SessionStore {
  const entries = createRecentMap<string, Entry | undefined>(MAX_RECORDS)

  function find(key: string): string | undefined {
    const entry = entries.get(key)
    return entry && entry.expiresAt > clock.now() ? entry.record : undefined
  }

  return {
    consistency: 'strong',
    outlivesProcess: false,
    read: (key) => Promise.resolve(find(key)),
    swap(key, expected, record, expiresAt) {
      const isUnchanged = find(key) === expected
      if (isUnchanged) entries.set(key, { record, expiresAt })
      return Promise.resolve(isUnchanged)
    },
    remove(key) {
      entries.set(key, undefined)
      return Promise.resolve()
    },
  }
}
