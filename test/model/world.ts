import type { Scheduler } from 'fast-check'

/** Virtual time, and everything that can happen next. Which of it happens is the scheduler's choice. */
export interface World {
  /** Milliseconds since the run began. */
  readonly time: number
  /** Grows with everything that happens: an order of events where time stands still. */
  readonly step: number
  /** One moment at which anything else may happen first. */
  turn(label: string): Promise<void>
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /** Runs until nothing is left to happen; `false` when that does not come to an end. */
  settle(): Promise<boolean>
}

interface Sleeper {
  readonly due: number
  readonly wake: () => void
}

const MAX_STEPS = 20_000

export function createWorld(scheduler: Scheduler): World {
  let time = 0
  let step = 0
  let sleepers: Sleeper[] = []

  const turn = (label: string) => scheduler.schedule(Promise.resolve(), label)

  function sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (ms === Infinity) return new Promise(() => undefined)
    return new Promise((resolve) => {
      const wake = () => {
        signal?.removeEventListener('abort', leave)
        resolve()
      }
      const sleeper = { due: time + Math.max(0, ms), wake }
      const leave = () => {
        sleepers = sleepers.filter((other) => other !== sleeper)
        wake()
      }
      sleepers.push(sleeper)
      signal?.addEventListener('abort', leave)
    })
  }

  /** Time passes only when nothing can happen without it. */
  function passTime(): boolean {
    if (sleepers.length === 0) return false
    time = Math.min(...sleepers.map(({ due }) => due))
    const waking = sleepers.filter(({ due }) => due === time)
    sleepers = sleepers.filter(({ due }) => due !== time)
    for (const { wake } of waking) wake()
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
