import { createHash } from 'node:crypto'
import { createSleepers } from '../../packages/testkit/src/sleepers.ts'
import type { Random } from '../faults/random.ts'

/** Seconds since the epoch at which a run begins. */
export const EPOCH = 1_800_000_000

/** Virtual time, and everything that can happen next. The seed decides which of it happens. */
export interface World {
  readonly random: Random
  /** Milliseconds since the run began. */
  readonly time: number
  /** Grows with every event, and orders events that happen at the same time. */
  readonly step: number
  /** True wall time, in seconds since the epoch. */
  now(): number
  moment(): Moment
  /** One moment at which anything else may happen first. */
  turn(label: string): Promise<void>
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /** Writes to the event log. */
  note(text: string): void
  /** Runs until `work` has settled; `false` if that takes too many steps, or if nothing is left that could do it. */
  until(work: Promise<unknown>): Promise<boolean>
  /** The hash of the event log. */
  digest(): string
}

export interface Moment {
  readonly time: number
  readonly step: number
}

const MAX_STEPS = 80_000

/** @param trace - Gets every line of the event log. */
export function createWorld(random: Random, trace?: (line: string) => void): World {
  let time = 0
  let step = 0
  let ready: { readonly label: string; readonly go: () => void }[] = []
  const sleepers = createSleepers()
  const hash = createHash('sha256')

  function note(text: string): void {
    const line = `${step} ${time} ${text}`
    hash.update(line)
    trace?.(line)
  }

  function sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve()
    if (ms === Infinity) return new Promise(() => undefined)
    return new Promise((resolve) => {
      const wakeEarly = sleepers.add(time + Math.max(0, ms), () => {
        signal?.removeEventListener('abort', wakeEarly)
        resolve()
      })
      signal?.addEventListener('abort', wakeEarly)
    })
  }

  /** Time passes only when nothing can happen without it. */
  function passTime(): boolean {
    const due = sleepers.nextDue
    if (due === undefined) return false
    time = Math.max(time, due)
    while (sleepers.nextDue !== undefined && sleepers.nextDue <= time) sleepers.wakeNext()
    return true
  }

  function takeTurn(): void {
    const [next] = ready.splice(random.below(ready.length), 1)
    step += 1
    note(next?.label ?? '')
    next?.go()
  }

  return {
    random,
    get time() {
      return time
    },
    get step() {
      return step
    },
    now: () => EPOCH + time / 1000,
    moment: () => ({ time, step }),
    turn: (label) => new Promise((go) => ready.push({ label, go })),
    sleep,
    note,
    async until(work) {
      let settled = false
      const settle = () => {
        settled = true
      }
      work.then(settle, settle)
      for (let i = 0; i < MAX_STEPS; i++) {
        await microtasks()
        if (settled) return true
        if (ready.length > 0) takeTurn()
        else if (!passTime()) return false
      }
      ready = []
      return false
    },
    digest: () => hash.copy().digest('hex'),
  }
}

/** Lets all work that needs no turn of ours come to rest, so that the seed chooses among everything that is possible. */
function microtasks(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
