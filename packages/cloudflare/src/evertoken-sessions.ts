import { NOT_SQLITE, type SessionsCall } from './sessions-call.ts'

/** The part of the platform's `DurableObjectState` that is used here. */
export interface SessionsState {
  /** The storage of the object. */
  readonly storage: SessionsStorage
}

/** The part of the platform's `DurableObjectStorage` that is used here. */
export interface SessionsStorage {
  /** Synchronous. Only SQLite-backed objects have it. */
  readonly kv: {
    get(name: string): unknown
    list(): Iterable<[string, unknown]>
    put(name: string, value: unknown): void
    delete(name: string): boolean
  }
  /** Calls `alarm` of the object at a time in milliseconds since the epoch. */
  setAlarm(atMs: number): Promise<void>
  /** Deletes the alarm. */
  deleteAlarm(): Promise<void>
  /** Deletes all values. */
  deleteAll(): Promise<void>
}

interface Entry {
  readonly record?: string
  /** Seconds since the epoch. */
  readonly expiresAt: number
}

/** How many keys an object has, so that not every change has to look at all of them. */
interface Count extends Entry {
  readonly size: number
  /** How many changes have been made since the keys were counted. */
  readonly changes: number
}

const RECORD = 'record'
const COUNT = '~count'
/** With so few keys, every change looks at all of them. */
const FEW = 16

/**
 * The Durable Object that holds one session, or the sessions of one subject. A Worker re-exports it, binds it, and
 * declares it under `new_sqlite_classes`. Only `createDurableObjectStore` calls it.
 */
export class EvertokenSessions {
  /** The platform's `DurableObjectNamespace` requires this member of classes that can be called remotely. */
  declare readonly __DURABLE_OBJECT_BRAND: never
  readonly #storage: SessionsStorage

  constructor(state: SessionsState) {
    this.#storage = state.storage
  }

  /** Performs one operation of the store. */
  async fetch(request: Request): Promise<Response> {
    const call = (await request.json()) as SessionsCall
    try {
      return Response.json((await perform(this.#storage, call)) ?? null)
    } catch (error) {
      if (isSqlite(this.#storage)) throw error
      return new Response(null, { status: NOT_SQLITE })
    }
  }

  /** Deletes the entries that have expired. */
  async alarm(): Promise<void> {
    await tidy(this.#storage)
  }
}

function isSqlite(storage: SessionsStorage): boolean {
  try {
    storage.kv.get(RECORD)
    return true
  } catch {
    return false
  }
}

/** Performs a call in one step: it awaits nothing between its reads and writes. */
async function perform(storage: SessionsStorage, call: SessionsCall): Promise<unknown> {
  switch (call[0]) {
    case 'read':
      return live(storage, RECORD)?.record
    case 'swap': {
      const [, expected, record, expiresAt, sentAt] = call
      // JSON has no undefined in a list.
      if (live(storage, RECORD)?.record !== (expected ?? undefined)) return false
      storage.kv.put(RECORD, { record, expiresAt: expiryOf(expiresAt, sentAt) })
      await tidy(storage)
      return true
    }
    case 'remove':
      return clear(storage)
    case 'list_keys':
      return keys(storage).flatMap(([key, { expiresAt }]) => (expiresAt > now() ? [key] : []))
    case 'add_key': {
      const [, key, expiresAt, sentAt] = call
      const expiry = expiryOf(expiresAt, sentAt)
      storage.kv.put(key, { expiresAt: Math.max(expiry, live(storage, key)?.expiresAt ?? 0) })
      return tidyInTime(storage, expiry)
    }
    case 'remove_key':
      storage.kv.delete(call[1])
      return tidyInTime(storage, 0)
    default:
      // The caller would mistake a response for the response of an empty object.
      throw new TypeError('Cannot understand the store: it is of another version')
  }
}

function live(storage: SessionsStorage, name: string): Entry | undefined {
  const entry = storage.kv.get(name) as Entry | undefined
  return entry && entry.expiresAt > now() ? entry : undefined
}

/** A copy: the list itself does not outlive a write. */
function keys(storage: SessionsStorage): [string, Entry][] {
  return ([...storage.kv.list()] as [string, Entry][]).filter(([name]) => name !== COUNT)
}

/**
 * Tidies after as many changes as half of the keys. If every change looked at all keys, the changes of a subject with many
 * sessions would cost the square of their number.
 *
 * @param expiresAt - When the entry expires that was just written.
 */
async function tidyInTime(storage: SessionsStorage, expiresAt: number): Promise<void> {
  const count = storage.kv.get(COUNT) as Count | undefined
  if (!count || count.changes >= count.size / 2) return tidy(storage)
  const last = Math.max(count.expiresAt, expiresAt)
  storage.kv.put(COUNT, { ...count, changes: count.changes + 1, expiresAt: last })
  if (last > count.expiresAt) await wakeAfter(storage, last)
}

// A second late, so that an alarm that comes a moment early still finds everything expired.
function wakeAfter(storage: SessionsStorage, last: number): Promise<void> {
  return storage.setAlarm(Math.ceil(last + 1) * 1000)
}

/** Deletes expired entries, and sets an alarm for the time when the last remaining entry has expired. */
function tidy(storage: SessionsStorage): Promise<void> {
  let last = 0
  let size = 0
  for (const [name, { expiresAt }] of keys(storage)) {
    if (expiresAt <= now()) storage.kv.delete(name)
    else size++
    last = Math.max(last, expiresAt)
  }
  if (last <= now()) return clear(storage)
  if (size > FEW) storage.kv.put(COUNT, { expiresAt: last, size, changes: 0 })
  else storage.kv.delete(COUNT)
  return wakeAfter(storage, last)
}

/** Empties the object. An object that holds nothing ceases to exist and costs nothing. */
async function clear(storage: SessionsStorage): Promise<void> {
  await Promise.all([storage.deleteAlarm(), storage.deleteAll()])
}

/** Returns the expiry by the clock of this object. A Worker whose clock is behind must not write an expired entry. */
function expiryOf(expiresAt: number, sentAt = now()): number {
  return expiresAt + Math.max(0, now() - sentAt)
}

function now(): number {
  return Date.now() / 1000
}
