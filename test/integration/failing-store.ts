import { createMemoryStore } from '@evertoken/core'
import { createFaultyStore, type FaultyStore, type StoreFault } from '@evertoken/testkit'

/** `down`: each operation rejects. `hang`: none ever resolves. `lost`: writes succeed, but no response arrives. */
export type StoreFailure = 'down' | 'hang' | 'lost'

/** A session store in memory that fails until a test ends the failure. */
export interface FailingStore extends FaultyStore {
  failure: StoreFailure | undefined
  /** Starts a failure after a number of correct operations. */
  failAfter(operations: number, failure: StoreFailure): void
}

const FAULTS: Record<StoreFailure, StoreFault> = {
  down: { type: 'fail' },
  hang: { type: 'hang' },
  lost: { type: 'fail', applied: true },
}

export function createFailingStore(now: () => number): FailingStore {
  const memory = createMemoryStore({ clock: { now, elapsed: () => now() * 1000 } })
  let correctOperations = Infinity
  let next: StoreFailure | undefined
  const store: FailingStore = Object.assign(createFaultyStore({ ...memory, outlivesProcess: true }), {
    failure: undefined,
    failAfter(operations: number, failure: StoreFailure) {
      correctOperations = operations
      next = failure
    },
  })
  store.always('any', () => {
    if (correctOperations-- === 0) store.failure = next
    return store.failure && FAULTS[store.failure]
  })
  return store
}
