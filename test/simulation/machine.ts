import type { Clock } from '@evertoken/core'
import { EPOCH, type Moment, type World } from './world.ts'

/** A process of the application on its own machine: it can be stopped and killed, and its clock may be wrong. */
export interface Machine {
  readonly index: number
  readonly clock: Clock
  readonly killed: boolean
  /** Rejects when the process is killed, so that its clients notice. */
  readonly gone: Promise<never>
  readonly stops: readonly Stop[]
  /** Stops the process. If it is suspended, its monotonic clock stops too. */
  stop(forMs: number, suspended?: boolean): void
  kill(): void
  setClock(seconds: number): void
  /** Whether its clock is, or was, wrong. */
  readonly wasWrong: boolean
  /** Something arrives at the process, and is seen when it runs. */
  run(label: string): Promise<void>
}

export interface Stop {
  readonly from: Moment
  /** Milliseconds of the run; `Infinity` if it was killed. */
  readonly until: number
}

export function createMachine(index: number, world: World, aheadSeconds: number): Machine {
  let ahead = aheadSeconds
  let wasWrong = ahead !== 0
  let frozenUntil = 0
  /** How long the monotonic clock was stopped. */
  let asleepMs = 0
  const stops: Stop[] = []
  let notifyGone: (error: Error) => void = () => undefined
  const gone = new Promise<never>((_resolve, reject) => {
    notifyGone = reject
  })
  gone.catch(() => undefined)

  async function run(label: string): Promise<void> {
    do {
      while (world.time < frozenUntil) await world.sleep(frozenUntil - world.time)
      await world.turn(`${label} @${index}`)
    } while (world.time < frozenUntil)
  }

  function stop(forMs: number, suspended = false): void {
    if (suspended) asleepMs += forMs
    frozenUntil = Math.max(frozenUntil, world.time + forMs)
    stops.push({ from: world.moment(), until: frozenUntil })
    world.note(`stop @${index} ${forMs} ${suspended}`)
  }

  return {
    index,
    clock: {
      now: () => EPOCH + ahead + world.time / 1000,
      // Monotonic clocks of different machines have nothing to do with each other.
      elapsed: () => world.time - asleepMs + index * 1e9,
      async sleep(ms, signal) {
        await world.sleep(ms, signal)
        if (!signal?.aborted) await run('wakes')
      },
    },
    get killed() {
      return frozenUntil === Infinity
    },
    gone,
    stops,
    stop,
    kill() {
      stop(Infinity)
      notifyGone(new TypeError('The process is gone'))
    },
    setClock(seconds) {
      wasWrong ||= seconds !== ahead
      ahead = seconds
      world.note(`clock @${index} ${seconds}`)
    },
    get wasWrong() {
      return wasWrong
    },
    run,
  }
}
