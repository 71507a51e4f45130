import type { SessionStore } from '@evertoken/core'
import type { SessionRecord } from '../../packages/core/src/model/session-record.ts'
import type { Chronicle } from './chronicle.ts'
import type { Random } from './random.ts'
import type { Step, Steps } from './steps.ts'
import type { Operation, StoreFault } from './store-faults.ts'
import type { VirtualTime } from './virtual-time.ts'

/** Makes the store fail from a step on. */
export interface StoreTrouble {
  set(step: Step, fault: StoreFault): void
  clear(): void
  /** Whether the step was reached. */
  readonly met: boolean
  /** The fault that the operation at this step meets. */
  next(step: Step, kind: Operation['kind']): StoreFault | undefined
}

export function createStoreTrouble(time: { readonly elapsed: number }): StoreTrouble {
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
      if (time.elapsed < until) return fault
      if (left === 0 || (step !== planned.step && !met)) return undefined
      if (met && fault.times === undefined) return undefined
      met = true
      left -= 1
      if (fault.forMs !== undefined) until = time.elapsed + fault.forMs
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

export interface LinkOptions {
  readonly store: SessionStore
  /** The records of each key so far, from all writers. */
  readonly past: Map<string, string[]>
  readonly user: User
  readonly steps: Steps
  readonly trouble: StoreTrouble
  readonly chronicle: Chronicle
  readonly time: Pick<VirtualTime, 'sleep'>
  readonly random: Random
  readonly latencyMs: number
  /** The key of a session of another user. */
  readonly foreignKey: () => string
  open(sealed: string): Promise<SessionRecord>
}

/** The way of one process to the store that all of them share. */
export function linkStore(options: LinkOptions): SessionStore {
  const { store, past, user, steps, trouble, chronicle, time, random, latencyMs, open } = options
  const { instance } = user

  async function travel<T>(
    step: Step,
    key: string,
    kind: Operation['kind'],
    run: () => Promise<T>,
  ): Promise<T> {
    await steps.arrive(step, instance)
    if (latencyMs > 0) await time.sleep(latencyMs * (0.5 + random.next()))
    const fault = trouble.next(step, kind)
    if (!fault) {
      const result = await run()
      await steps.thawed(instance)
      return result
    }
    chronicle.storeTroubles.push({ ...chronicle.moment(), instance })
    const operation: Operation = {
      kind,
      apply: run,
      previous: () => past.get(key)?.at(-2),
      foreign: () => store.read(options.foreignKey()),
      sleep: (ms) => time.sleep(ms),
      random,
    }
    try {
      return (await fault.run(operation)) as T
    } finally {
      await steps.thawed(instance)
      chronicle.storeTroubles.push({ ...chronicle.moment(), instance })
    }
  }

  function readStep(): Step {
    if (user.phase === 'answered') return 'settling read'
    user.reads += 1
    if (user.reads === 1) return 'look'
    return user.reads === user.lookers + 1 ? 'lease read' : 'other read'
  }

  function swapStep({ browserIsCurrent: caughtUp, ended, ledger: { lease, backOff } }: SessionRecord): Step {
    if (lease) return lease.beat > 0 ? 'beat swap' : 'lease swap'
    if (ended) return ended === 'signed_out' ? 'over swap' : 'ending swap'
    return caughtUp && !backOff ? 'catch-up swap' : 'settling swap'
  }

  return {
    consistency: 'strong',
    read: (key) => travel(readStep(), key, 'read', () => store.read(key)),
    async swap(key, expected, sealed, expiresAt) {
      const record = await open(sealed)
      const step = swapStep(record)
      const won = await travel(step, key, 'swap', async () => {
        const done = await store.swap(key, expected, sealed, expiresAt)
        if (done) {
          past.set(key, [...(past.get(key) ?? []), sealed])
          chronicle.commits.push({ ...chronicle.moment(), key, instance, record })
        }
        return done
      })
      if (won && step === 'lease swap') user.phase = 'leased'
      if (won && (step === 'settling swap' || step === 'ending swap')) user.phase = 'idle'
      if (won && step === 'lease swap') await steps.arrive('lease swapped', instance)
      if (won && step === 'settling swap') await steps.arrive('settling swapped', instance)
      return won
    },
    remove: (key) =>
      travel('over swap', key, 'remove', async () => {
        await store.remove(key)
        chronicle.commits.push({ ...chronicle.moment(), key, instance, record: undefined })
      }),
  }
}
