import type { Clock, SessionIndex, SessionStore } from '@evertoken/core'
import { createFaultScript, type FaultScript } from './fault-script.ts'
import { createOutages, type Outage, type OutageOptions } from './faulty-store/outages.ts'
import { connectionError, perform } from './faulty-store/perform.ts'
import {
  checkStoreFault,
  type StoreFault,
  type StoreOperation,
  type StoreRequest,
} from './faulty-store/store-faults.ts'
import { historyOf } from './faulty-store/write-history.ts'
import { requireAtLeast, requireWholeNumber } from './option-checks.ts'
import { systemClock } from './system-clock.ts'

/** Options of `createFaultyStore`. */
export interface FaultyStoreOptions {
  /**
   * The clock for delays and outages.
   *
   * @default the clock of the machine
   */
  readonly clock?: Clock
  /**
   * Whether `log` keeps every operation.
   *
   * @default true
   */
  readonly keepLog?: boolean
}

/** One operation. Records are sealed, so the log does not keep them. */
export interface StoreLogEntry extends Pick<StoreRequest, 'kind' | 'method' | 'key' | 'term'> {
  /** Milliseconds on the clock, when it began. */
  readonly at: number
  /** The type of the fault that happened to the operation. `undefined` if there was none. */
  readonly fault: StoreFault['type'] | undefined
  /** Whether the store performed the operation. */
  applied: boolean
  /** `pending` until the operation settles. */
  outcome: 'pending' | 'resolved' | 'failed'
  /** The result of a swap. */
  swapped?: boolean
}

/** The kind `any` means all operations that have no entry of their kind. */
type Script = FaultScript<StoreOperation | 'any', StoreFault, StoreRequest>

/** A session store whose operations fail when a test requires it. */
export interface FaultyStore extends SessionStore {
  /** Queues faults for the next operations of a kind, one for each operation. `undefined` is a correct one. */
  readonly script: Script['script']
  /** Sets a fault for every operation of a kind that has no queued one. `undefined` ends it. */
  readonly always: Script['always']
  /** Makes all operations fail for a time. It has priority over `script` and `always`. */
  outage(options?: OutageOptions): Outage
  /**
   * Loses the last writes, like a replica that is promoted. Processes that use the same store through other wrappers
   * lose them too. Operations that begin during the failover fail.
   *
   * @returns How many writes were lost.
   */
  failOver(lose: { readonly writes: number } | { readonly sinceMs: number }): Promise<number>
  /** Ends all operations that hang. */
  release(): void
  /** The operations in the order of their start. Empty if the option `keepLog` is `false`. */
  readonly log: readonly StoreLogEntry[]
  /** The number of operations of each kind. */
  readonly counts: Readonly<Record<StoreOperation, number>>
  /** Empties the log and the counts. */
  resetCounts(): void
}

/**
 * Wraps a session store, and injects faults into its operations.
 *
 * To give several processes their own faults, wrap the same store once for each of them.
 *
 * @param store - The store that performs the operations.
 * @param options - The clock for delays and outages, and whether operations are logged.
 * @returns A store that works correctly until `script`, `always` or `outage` injects a fault.
 * @example
 * ```ts
 * import { createMemoryStore } from '@evertoken/core'
 * import { createFaultyStore } from '@evertoken/testkit'
 *
 * const store = createFaultyStore(createMemoryStore())
 * store.script('swap', [undefined, { type: 'fail', applied: true }]) // the second swap succeeds, but its response is lost
 * ```
 */
export function createFaultyStore(store: SessionStore, options: FaultyStoreOptions = {}): FaultyStore {
  const { clock = systemClock, keepLog = true } = options
  const history = historyOf(store)
  const outages = createOutages(clock)
  const faults: Script = createFaultScript<StoreOperation | 'any', StoreFault, StoreRequest>({
    wildcard: 'any',
    check: checkStoreFault,
  })
  const log: StoreLogEntry[] = []
  const counts = { read: 0, swap: 0, remove: 0, index: 0 }
  let hanging: (() => void)[] = []

  function faultFor(request: StoreRequest): StoreFault | undefined {
    if (history.failingOver) return { type: 'fail', error: connectionError(false) }
    return outages.faultFor(request.kind) ?? faults.next(request)
  }

  async function run<Result>(request: StoreRequest, apply: () => Promise<Result>): Promise<Result> {
    const { kind, method, key, term } = request
    const fault = faultFor(request)
    const entry: StoreLogEntry = {
      kind,
      ...(method && { method }),
      ...(key !== undefined && { key }),
      ...(term !== undefined && { term }),
      at: clock.elapsed(),
      fault: fault?.type,
      applied: false,
      outcome: 'pending',
    }
    if (keepLog) log.push(entry)
    counts[kind] += 1
    try {
      const result = await perform(fault, {
        kind,
        async apply() {
          const applied = await apply()
          entry.applied = true
          return applied
        },
        earlier: (writes) => history.earlier(key ?? '', writes),
        released: () => new Promise((resolve) => hanging.push(resolve)),
        clock,
      })
      entry.outcome = 'resolved'
      if (kind === 'swap') entry.swapped = result === true
      return result as Result
    } catch (error) {
      entry.outcome = 'failed'
      throw error
    }
  }

  return {
    ...(store.consistency && { consistency: store.consistency }),
    ...(store.outlivesProcess !== undefined && { outlivesProcess: store.outlivesProcess }),
    ...(store.index && { index: createFaultyIndex(store.index) }),
    read: (key) => run({ kind: 'read', key }, () => store.read(key)),
    swap: (key, expected, record, expiresAt, hint) =>
      run({ kind: 'swap', key, expected, record }, async () => {
        const swapped = await store.swap(key, expected, record, expiresAt, hint)
        if (swapped) history.swapped(clock.elapsed(), key, expected, { record, expiresAt })
        return swapped
      }),
    remove: (key) =>
      run({ kind: 'remove', key }, async () => {
        await store.remove(key)
        history.removed(clock.elapsed(), key)
      }),
    script: faults.script,
    always: faults.always,
    outage: (outage = {}) => outages.begin(outage),
    failOver(lose) {
      if ('writes' in lose) {
        requireWholeNumber('writes', lose.writes, 0)
        return history.undo(lose)
      }
      requireAtLeast('sinceMs', lose.sinceMs, 0)
      return history.undo({ since: clock.elapsed() - lose.sinceMs })
    },
    release() {
      for (const resolve of hanging) resolve()
      hanging = []
    },
    log,
    counts,
    resetCounts() {
      log.length = 0
      Object.assign(counts, { read: 0, swap: 0, remove: 0, index: 0 })
    },
  }

  function createFaultyIndex(index: SessionIndex): SessionIndex {
    return {
      add: (term, key, expiresAt) =>
        run({ kind: 'index', method: 'add', term, key }, async () => {
          await index.add(term, key, expiresAt)
          history.indexAdded(clock.elapsed(), term, key, expiresAt)
        }),
      keys: (term) => run({ kind: 'index', method: 'keys', term }, () => index.keys(term)),
      remove: (term, key) =>
        run({ kind: 'index', method: 'remove', term, key }, async () => {
          await index.remove(term, key)
          history.indexRemoved(clock.elapsed(), term, key)
        }),
    }
  }
}
