import type { Scheduler } from 'fast-check'
import { createSleepers } from '../../packages/testkit/src/sleepers.ts'

/** Virtual time, and everything that can happen next. Which of it happens is the scheduler's choice. */
export interface World {
  /** Milliseconds since the run began. */
  readonly time: number
  /** Grows with everything that happens: an order of events at the same time. */
  readonly step: number
  /** One moment at which anything else may happen first. */
  turn(label: string): Promise<void>
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /** Runs until nothing is left to happen; `false` when that does not come to an end. */
  settle(): Promise<boolean>
}

const MAX_STEPS = 20_000

export function createWorld(scheduler: Scheduler): World {
  let time = 0
  let step = 0
  const sleepers = createSleepers()

  const turn = (label: string) => scheduler.schedule(Promise.resolve(), label)

  function sleep(ms: number, signal?: AbortSignal): Promise<void> {
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
    time = due
    while (sleepers.nextDue === due) sleepers.wakeNext()
    return true
  }

  async function settle(): Promise<boolean> {
    for (const limit = step + MAX_STEPS; step < limit; step++) {
      await microtasks()
      if (scheduler.count() > 0) await scheduler.waitNext(1)
      else if (!passTime()) return true
    }
    return false
  }

  return {
    get time() {
      return time
    },
    get step() {
      return step
    },
    turn,
    sleep,
    settle,
  }
}

/** Lets all that needs no turn of ours come to rest, so that the scheduler chooses among everything that is possible. */
function microtasks(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
