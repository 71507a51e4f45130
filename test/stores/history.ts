import type { SessionStore } from '@evertoken/core'
import type { Effect, Operation } from './linearizability.ts'

export type Register = Pick<SessionStore, 'read' | 'swap' | 'remove'>

/** A store that writes down every operation and its result. */
export function recordHistory(store: Register, history: Operation[]): Register {
  async function run<T>(key: string, work: () => Promise<T>, effectOf: (result?: T) => Effect): Promise<T> {
    const invokedAt = now()
    try {
      const result = await work()
      history.push({ ...effectOf(result), key, invokedAt, respondedAt: now() })
      return result
    } catch (error) {
      // A timeout or a broken connection: the operation may have been carried out, or may still be.
      history.push({ ...effectOf(), key, invokedAt })
      throw error
    }
  }

  return {
    read: (key) =>
      run(
        key,
        () => store.read(key),
        (value) => ({ kind: 'read', value }),
      ),
    swap: (key, expected, next, expiresAt) =>
      run(
        key,
        () => store.swap(key, expected, next, expiresAt),
        (won) => ({ kind: 'swap', expected, next, won }),
      ),
    remove: (key) =>
      run(
        key,
        () => store.remove(key),
        () => ({ kind: 'remove' }),
      ),
  }
}

export interface Workload {
  readonly keys: readonly string[]
  readonly clients: number
  /** How many operations each client performs. */
  readonly operations: number
}

/** Lets clients read, swap and remove at random, several at a time. Half of the swaps expect the newest record. */
export async function performWorkload(store: Register, workload: Workload): Promise<void> {
  const clients = Array.from({ length: workload.clients }, () => performAsClient(store, workload))
  await Promise.all(clients)
}

async function performAsClient(store: Register, { keys, operations }: Workload): Promise<void> {
  const known = new Map<string, string | undefined>()
  for (let i = 0; i < operations; i += 1) {
    const key = keys[Math.floor(Math.random() * keys.length)] ?? ''
    const choice = Math.random()
    if (choice < 0.3) known.set(key, await store.read(key))
    else if (choice < 0.95) {
      const expected = choice < 0.65 ? await store.read(key) : known.get(key)
      const next = crypto.randomUUID()
      if (await store.swap(key, expected, next, inAnHour())) known.set(key, next)
    } else await store.remove(key)
  }
}

export function inAnHour(): number {
  return Date.now() / 1000 + 3600
}

/** Nanoseconds from the clock that all processes of a machine share. */
function now(): number {
  return Number(process.hrtime.bigint())
}

/** A mistake that the checker must find: compares and writes in two steps. */
export function splitSwap(store: Register): Register {
  return {
    ...store,
    async swap(key, expected, record, expiresAt) {
      if ((await store.read(key)) !== expected) return false
      while (!(await store.swap(key, await store.read(key), record, expiresAt)));
      return true
    },
  }
}
