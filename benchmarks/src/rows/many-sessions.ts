import { createMemoryStore, type Evertoken, type SessionStore } from '@evertoken/node'
import { application, signIn } from '../application.ts'

const KEY_LENGTH = 43
const RECORD_LENGTH = 1500
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** A memory store that is full of sessions, and the parts that use them. */
export interface FullStore {
  /** An application with that store, and the cookies of its users, whose sessions are scattered among the others. */
  readonly auth: Evertoken
  readonly cookies: readonly string[]
  readonly store: SessionStore
  /** A new string each time, as a key that was just computed. */
  key(index: number): string
  /** The content of the store, without a call. */
  held(index: number): string
  /** A record to put there next. */
  renew(index: number): string
}

export async function fullStore(entries: number, users: number): Promise<FullStore> {
  const store = createMemoryStore({ maxEntries: entries + users })
  const auth = application('server', store)
  const cookies: string[] = []
  const keys = randomKeys(entries)
  const records = Array.from({ length: entries }, () => '')
  const full: FullStore = {
    auth,
    cookies,
    store,
    key: (index) => keys.toString('latin1', index * KEY_LENGTH, (index + 1) * KEY_LENGTH),
    held: (index) => records[index] ?? '',
    renew: (index) => (records[index] = randomRecord()),
  }
  for (let index = 0; index < entries; index++) {
    if (index % (entries / users) === 0) cookies.push(await signIn(auth))
    await store.swap(full.key(index), undefined, full.renew(index), inAnHour())
  }
  return full
}

export function inAnHour(): number {
  return Date.now() / 1000 + 3600
}

/** All of them, in random order. */
export function shuffled<T>(items: readonly T[]): T[] {
  const places = items.map((item) => ({ item, place: Math.random() }))
  return places.toSorted((a, b) => a.place - b.place).map(({ item }) => item)
}

/** Different indexes below `entries`. */
export function pick(count: number, entries: number): number[] {
  const picked = new Set<number>()
  while (picked.size < count) picked.add(below(entries))
  return [...picked]
}

function below(limit: number): number {
  return Math.floor(Math.random() * limit)
}

function randomKeys(count: number): Buffer {
  const keys = Buffer.alloc(count * KEY_LENGTH)
  for (let at = 0; at < keys.length; at++) keys[at] = ALPHABET.charCodeAt(below(ALPHABET.length))
  return keys
}

const text = Buffer.alloc(RECORD_LENGTH, 'x')
let made = 0

function randomRecord(): string {
  text.write(`e1*${made++}*`, 'latin1')
  return text.toString('latin1')
}
