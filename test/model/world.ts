import type { Scheduler } from 'fast-check'
import type { MachineWorld } from '../machines/machine.ts'
import { createVirtualTime, microtasks } from '../machines/virtual-time.ts'

/** Virtual time, and everything that can happen next. Which of it happens is the scheduler's choice. */
export interface World extends MachineWorld {
  /** Runs until nothing is left to happen; `false` when that does not come to an end. */
  settle(): Promise<boolean>
}

const MAX_STEPS = 20_000

export function createWorld(scheduler: Scheduler): World {
  const virtual = createVirtualTime()
  let step = 0

  async function settle(): Promise<boolean> {
    for (const limit = step + MAX_STEPS; step < limit; step++) {
      await microtasks()
      if (scheduler.count() > 0) await scheduler.waitNext(1)
      else if (!virtual.pass()) return true
    }
    return false
  }

  return {
    get time() {
      return virtual.time
    },
    get step() {
      return step
    },
    turn: (label) => scheduler.schedule(Promise.resolve(), label),
    sleep: virtual.sleep,
    settle,
  }
}
