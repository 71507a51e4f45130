import {
  type Clock,
  ConfigurationError,
  createSteadyClock,
  type SessionIndex,
  type SessionStore,
} from '@evertoken/core'
import type { DenoKv, DenoKvKey } from './deno-kv.ts'
import { type Cells, type Content, createCells } from './kv-cells.ts'
import { withRetry } from './patiently.ts'

/** Options of `createDenoKvStore`. */
export interface DenoKvStoreOptions {
  /**
   * The first part of every key.
   *
   * @default 'evertoken'
   */
  readonly prefix?: string
  /**
   * The clock that decides which records have expired.
   *
   * @default the clock of the system
   */
  readonly clock?: Pick<Clock, 'now' | 'elapsed'>
}

/** A value can have 64 KiB, and its metadata needs a part of them. */
const MAX_RECORD_LENGTH = 65_000

/**
 * Creates a session store in Deno KV: a file that the processes of one machine share, or a database behind a URL.
 *
 * A swap throws a `ConfigurationError` with the code `session_too_large` if its record is longer than 65,000 characters.
 *
 * @param kv - The open database.
 * @param options - The first part of every key. By default, `evertoken`.
 * @example
 *   export const auth = evertoken({ ...options, store: createDenoKvStore(await Deno.openKv('sessions.kv')) })
 */
export function createDenoKvStore(kv: DenoKv, options: DenoKvStoreOptions = {}): SessionStore {
  const { prefix = 'evertoken', clock } = options
  const cells = createCells(kv, createSteadyClock(clock))
  const keyOf = (key: string) => [prefix, 'session', key]

  return {
    consistency: 'strong',
    index: createIndex(kv, cells, (term) => [prefix, 'index', term]),
    read: async (key) => cells.live(await kv.get(keyOf(key)))?.record,
    async swap(key, expected, record, expiresAt) {
      if (record.length > MAX_RECORD_LENGTH) throw tooLarge()
      return cells.change(keyOf(key), (live) =>
        live?.record === expected ? { record, expiresAt } : undefined,
      )
    },
    remove: (key) => withRetry(() => kv.delete(keyOf(key))),
  }
}

function createIndex(kv: DenoKv, cells: Cells, keyOf: (term: string) => DenoKvKey): SessionIndex {
  return {
    async add(term, key, expiresAt) {
      const longer = (live: Content | undefined) =>
        live && live.expiresAt >= expiresAt ? undefined : { record: key, expiresAt }
      await cells.change([...keyOf(term), key], longer)
    },
    async keys(term) {
      const keys: string[] = []
      for await (const entry of kv.list({ prefix: keyOf(term) })) {
        const live = cells.live(entry)
        if (live) keys.push(live.record)
      }
      return keys
    },
    remove: (term, key) => withRetry(() => kv.delete([...keyOf(term), key])),
  }
}

function tooLarge(): ConfigurationError {
  const message = `Cannot keep the session in Deno KV: a record takes ${MAX_RECORD_LENGTH} characters; use another store`
  return new ConfigurationError('session_too_large', message)
}
