import type { Clock, SessionStore } from '@evertoken/core'
import { createFaultyStore, type StoreRequest } from '@evertoken/testkit'
import { linkStore, type StoreOperation } from '../machines/store-link.ts'
import type { Chronicle } from './chronicle.ts'
import type { Random } from './random.ts'
import { isBroken, type OwnerRecord } from './records.ts'
import type { Step, Steps } from './steps.ts'
import type { StoreFault } from './store-faults.ts'

/** Makes the store fail from a step on. */
export interface StoreTrouble {
  set(step: Step, fault: StoreFault): void
  clear(): void
  /** Whether the step was reached. */
  readonly met: boolean
  /** The fault that the operation at this step meets. */
  next(step: Step, kind: StoreRequest['kind']): StoreFault | undefined
}

export function createStoreTrouble(time: Pick<Clock, 'elapsed'>): StoreTrouble {
  let planned: { readonly step: Step; readonly fault: StoreFault } | undefined
  let left = 0
  let until = -Infinity
  let met = false
  return {
    get met() {
      return met
    },
    set(step, fault) {
      planned = { step, fault }
      left = fault.times ?? 1
      met = false
    },
    clear() {
      planned = undefined
      until = -Infinity
    },
    next(step, kind) {
      if (!planned) return undefined
      const { fault } = planned
      if (!fault.on.includes(kind)) return undefined
      if (time.elapsed() < until) return fault
      if (left === 0 || (step !== planned.step && !met)) return undefined
      if (met && fault.times === undefined) return undefined
      met = true
      left -= 1
      if (fault.forMs !== undefined) until = time.elapsed() + fault.forMs
      return fault
    },
  }
}

/** The process that uses the store. Its current work determines the step of an operation. */
export interface User {
  readonly instance: number
  phase: 'idle' | 'leased' | 'answered'
  /** Reads since the burst began, and after how many of them the flight begins. */
  reads: number
  lookers: number
}

export interface StoreConnection {
  readonly store: SessionStore
  /** The records of each key so far, from all writers. `undefined`: it was removed. */
  readonly past: Map<string, (string | undefined)[]>
  readonly user: User
  readonly steps: Steps
  readonly trouble: StoreTrouble
  readonly chronicle: Chronicle
  readonly time: Clock
  readonly random: Random
  readonly latencyMs: number
  /** The key of a session of another user. */
  readonly foreignKey: () => string
  open(sealed: string): Promise<OwnerRecord>
}

/** The connection of one process to the store, with the faults that the case sets. */
export function connectStore(options: StoreConnection): SessionStore {
  const { past, user, steps, trouble, chronicle, time, random, latencyMs, open } = options
  const { instance } = user
  const seen = linkStore({
    store: options.store,
    async committed(key, sealed) {
      past.set(key, [...(past.get(key) ?? []), sealed])
      const record = sealed === undefined ? undefined : await open(sealed)
      chronicle.commits.push({ ...chronicle.moment(), key, instance, record })
    },
  })
  const store = createFaultyStore(seen, { clock: time, keepLog: false })

  async function carry<T>(operation: StoreOperation<T>): Promise<T> {
    const step = await stepOf(operation)
    const result = await travel(step, operation)
    if (result === true) await won(step)
    return result
  }

  async function travel<T>(step: Step, { kind, key = '', apply }: StoreOperation<T>): Promise<T> {
    await steps.arrive(step, instance)
    if (latencyMs > 0) await time.sleep(latencyMs * (0.5 + random.next()))
    const fault = trouble.next(step, kind)
    const note = () => fault && chronicle.storeTroubles.push({ ...chronicle.moment(), instance })
    const records = { past: past.get(key) ?? [], foreign: past.get(options.foreignKey())?.at(-1) }
    store.script(kind, fault?.choose(random, records))
    note()
    try {
      return await apply()
    } finally {
      await steps.thawed(instance)
      note()
    }
  }

  async function won(step: Step): Promise<void> {
    if (step === 'lease swap') user.phase = 'leased'
    if (step === 'settling swap' || step === 'ending swap') user.phase = 'idle'
    if (step === 'lease swap') await steps.arrive('lease swapped', instance)
    if (step === 'settling swap') await steps.arrive('settling swapped', instance)
  }

  async function stepOf({ kind, record }: StoreRequest): Promise<Step> {
    if (kind === 'read') return readStep()
    if (kind === 'index') return 'other read'
    return record === undefined ? 'over swap' : swapStep(await open(record))
  }

  function readStep(): Step {
    if (user.phase === 'answered') return 'settling read'
    user.reads += 1
    if (user.reads === 1) return 'look'
    return user.reads === user.lookers + 1 ? 'lease read' : 'other read'
  }

  return linkStore({ store, carry })
}

function swapStep(record: OwnerRecord): Step {
  const { ended, ledger } = record
  const { lease, backOff } = ledger
  if (lease) return lease.beat > 0 ? 'beat swap' : 'lease swap'
  if (ended) return ended === 'signed_out' || ended === 'disconnected' ? 'over swap' : 'ending swap'
  if (isBroken(record)) return 'ending swap'
  const hasCaughtUp = 'browserIsCurrent' in record && record.browserIsCurrent
  return hasCaughtUp && !backOff ? 'catch-up swap' : 'settling swap'
}
