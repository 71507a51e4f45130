import { createMemoryStore, type SessionStore } from '@evertoken/core'

/** `down`: each operation rejects. `hang`: none ever resolves. `lost`: writes succeed, but no response arrives. */
export type StoreFailure = 'down' | 'hang' | 'lost'

/** A session store in memory that a test can make fail. */
export interface FailingStore extends SessionStore {
  failure: StoreFailure | undefined
  /** From the operation after the next so many. */
  failAfter(operations: number, failure: StoreFailure): void
}

export function createFailingStore(now: () => number): FailingStore {
  const memory = createMemoryStore({ clock: { now, elapsed: () => now() * 1000 } })
  let honest = Infinity
  let next: StoreFailure | undefined

  async function run<T>(work: () => Promise<T>): Promise<T> {
    if (honest-- === 0) store.failure = next
    if (store.failure === 'hang') await new Promise(() => undefined)
    if (store.failure === 'lost') await work()
    if (store.failure) throw new Error('reset')
    return work()
  }

  const { index } = memory
  const store: FailingStore = {
    failure: undefined,
    failAfter(operations, failure) {
      honest = operations
      next = failure
    },
    read: (...args) => run(() => memory.read(...args)),
    swap: (...args) => run(() => memory.swap(...args)),
    remove: (...args) => run(() => memory.remove(...args)),
    ...(index && {
      index: {
        add: (...args) => run(() => index.add(...args)),
        keys: (...args) => run(() => index.keys(...args)),
        remove: (...args) => run(() => index.remove(...args)),
      },
    }),
  }
  return store
}
