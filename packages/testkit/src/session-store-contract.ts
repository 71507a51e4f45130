import type { Clock, SessionStore } from '@evertoken/core'
import { basicCases } from './session-store-contract/basic-cases.ts'
import { clockCases } from './session-store-contract/clock-cases.ts'
import { concurrencyCases } from './session-store-contract/concurrency-cases.ts'
import type { Bench, Cases, ContractCase, WrongProcess } from './session-store-contract/contract.ts'
import { expiryCases } from './session-store-contract/expiry-cases.ts'
import { indexCases } from './session-store-contract/index-cases.ts'
import { keyCases } from './session-store-contract/key-cases.ts'
import { valueCases } from './session-store-contract/value-cases.ts'
import { systemClock } from './system-clock.ts'

export type { ContractCase } from './session-store-contract/contract.ts'

/** Facts about the store that the cases need. */
export interface SessionStoreContractOptions {
  /**
   * Returns seconds since the epoch, by the store's clock.
   *
   * @default the time of the machine
   */
  readonly now?: () => number
  /**
   * Resolves when that many seconds have passed on the store's clock. With this option, cases run one after the other,
   * because a clock that moves would move for all of them.
   *
   * @default waits for that time and 1.1 seconds more
   */
  readonly waitUntilExpired?: (seconds: number) => Promise<void>
  /**
   * Another connection to the same data, as another process would have it.
   *
   * @default the same store
   */
  readonly secondStore?: () => Promise<SessionStore> | SessionStore
  /**
   * Another connection to the same data, of a process with this clock. Some cases make its wall clock jump: the clock of one
   * process must not hide or remove records. Without it, these cases test nothing.
   */
  readonly storeWithClock?: (clock: Pick<Clock, 'now' | 'elapsed'>) => Promise<SessionStore> | SessionStore
  /**
   * The size of the largest record that the store promises to keep, in ASCII characters.
   *
   * @default 100_000
   */
  readonly largestRecord?: number
}

/** The result of `runContract`. */
export interface ContractResult {
  /** The number of cases that the store fulfills. */
  readonly passed: number
  /** The cases that the store does not fulfill, each with its error. */
  readonly failed: readonly { readonly name: string; readonly error: unknown }[]
}

/**
 * Everything a session store must do, as cases that need no test runner. They may run at the same time: each uses
 * separate keys. The store is created once, by the first case that runs.
 *
 * @param createStore - Creates or opens the store.
 * @param options - Facts about the store. Without `secondStore` and `storeWithClock`, some cases test less.
 * @example
 * ```ts
 * import type { SessionStore } from '@evertoken/core'
 * import { sessionStoreContract } from '@evertoken/testkit'
 * import { describe, it } from 'vitest'
 *
 * declare function createMyStore(): SessionStore // yours
 *
 * describe('my store', () => {
 *   const cases = sessionStoreContract(() => createMyStore(), { secondStore: () => createMyStore() })
 *   for (const { name, run } of cases) it.concurrent(name, run)
 * })
 * ```
 */
export function sessionStoreContract(
  createStore: () => Promise<SessionStore> | SessionStore,
  options: SessionStoreContractOptions = {},
): ContractCase[] {
  let opened: Promise<Bench> | undefined
  const bench = () => (opened ??= openBench(createStore, options))
  const cases: Cases = {
    ...basicCases,
    ...concurrencyCases,
    ...expiryCases,
    ...valueCases,
    ...keyCases,
    ...indexCases,
    ...clockCases,
  }
  const start = options.waitUntilExpired ? takeTurns() : (task: () => Promise<void>) => task()
  return Object.entries(cases).map(([name, test]) => ({
    name,
    run: () => start(async () => test(await bench())),
  }))
}

function takeTurns(): (task: () => Promise<void>) => Promise<void> {
  let last = Promise.resolve()
  return (task) => (last = last.then(task, task))
}

/**
 * Runs all cases of a session store at the same time, without a test runner.
 *
 * @param cases - The cases that `sessionStoreContract` returns.
 * @returns How many cases passed, and which failed. It does not reject if a case fails.
 * @example
 *   const { failed } = await runContract(sessionStoreContract(() => createMemoryStore()))
 *   for (const { name, error } of failed) console.error(name, error)
 */
export async function runContract(cases: readonly ContractCase[]): Promise<ContractResult> {
  const results = await Promise.allSettled(cases.map(({ run }) => run()))
  const failed = cases.flatMap(({ name }, i) => {
    const result = results[i]
    return result?.status === 'rejected' ? [{ name, error: result.reason as unknown }] : []
  })
  return { passed: cases.length - failed.length, failed }
}

async function openBench(
  createStore: () => Promise<SessionStore> | SessionStore,
  options: SessionStoreContractOptions,
): Promise<Bench> {
  const store = await createStore()
  const second = (await options.secondStore?.()) ?? store
  const { now = systemClock.now, waitUntilExpired = waitLongEnough, largestRecord = 100_000 } = options
  const { storeWithClock } = options
  const run = crypto.randomUUID()
  let keys = 0
  return {
    store,
    second,
    key: (label = '') => `contract-${run}-${(keys += 1)}-${label}`,
    inSeconds: (seconds) => now() + seconds,
    waitUntilExpired,
    largestRecord,
    openWithClock: storeWithClock && (() => openWithClock(storeWithClock, now)),
  }
}

async function openWithClock(
  open: NonNullable<SessionStoreContractOptions['storeWithClock']>,
  now: () => number,
): Promise<WrongProcess> {
  let ahead = 0
  const store = await open({ now: () => now() + ahead, elapsed: systemClock.elapsed })
  return { store, jump: (seconds) => void (ahead += seconds) }
}

/** A store may count in whole seconds. */
function waitLongEnough(seconds: number): Promise<void> {
  return systemClock.sleep(seconds * 1000 + 1100)
}
