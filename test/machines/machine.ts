import type { Clock } from '@evertoken/core'
import type { VirtualTime } from './virtual-time.ts'

/** Seconds since the epoch at which a run begins. */
export const EPOCH = 1_800_000_000

export interface Moment {
  /** Milliseconds since the run began. */
  readonly time: number
  /** Orders events that happen at the same time. */
  readonly step: number
}

/** Virtual time, and everything that can happen next. The test decides which of it happens. */
export interface MachineWorld extends Moment, Pick<VirtualTime, 'sleep'> {
  /** One moment at which anything else may happen first. */
  turn(label: string): Promise<void>
}

/** A process of the application on its own machine: it can be stopped and killed, and its clock may be wrong. */
export interface Machine {
  readonly index: number
  readonly clock: Clock
  readonly killed: boolean
  /** Whether it is stopped or killed. */
  readonly frozen: boolean
  /** Rejects when the process is killed, so that its clients notice. */
  readonly gone: Promise<never>
  readonly stops: readonly Stop[]
  /** Stops the process. If it is suspended, its monotonic clock stops too. `Infinity` kills it. */
  stop(forMs: number, suspended?: boolean): void
  kill(): void
  setClock(aheadSeconds: number): void
  /** Something arrives at the process, and is seen when it runs. */
  run(label: string): Promise<void>
  /** A message of the process travels; it also travels while the process is stopped. */
  send(label: string): Promise<void>
  /** A response travels back, and arrives when the process runs. */
  receive(label: string): Promise<void>
}

export interface Stop {
  readonly from: Moment
  /** Milliseconds of the run; `Infinity` if it was killed. */
  readonly until: number
}

export interface MachineOptions {
  readonly index: number
  readonly world: MachineWorld
  readonly aheadSeconds: number
  /** Takes as long as a message between the process and another one. */
  readonly travel: () => Promise<void>
  readonly onStop: (stop: Stop) => void
}

export function createMachine({ index, world, aheadSeconds, travel, onStop }: MachineOptions): Machine {
  let ahead = aheadSeconds
  let frozenUntil = 0
  /** How long the monotonic clock was stopped. */
  let asleepMs = 0
  const stops: Stop[] = []
  let notifyGone: (error: Error) => void = () => undefined
  const gone = new Promise<never>((_resolve, reject) => {
    notifyGone = reject
  })
  gone.catch(() => undefined)

  const turn = (label: string) => world.turn(`${label} @${index}`)

  async function run(label: string): Promise<void> {
    do {
      while (world.time < frozenUntil) await world.sleep(frozenUntil - world.time)
      await turn(label)
    } while (world.time < frozenUntil)
  }

  function stop(forMs: number, suspended = false): void {
    if (suspended) asleepMs += forMs
    frozenUntil = Math.max(frozenUntil, world.time + forMs)
    const { time, step } = world
    const added = { from: { time, step }, until: frozenUntil }
    stops.push(added)
    onStop(added)
    if (forMs === Infinity) notifyGone(new TypeError('The process is gone'))
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
    get frozen() {
      return world.time < frozenUntil
    },
    gone,
    stops,
    stop,
    kill: () => stop(Infinity),
    setClock(seconds) {
      ahead = seconds
    },
    run,
    async send(label) {
      await travel()
      await turn(label)
    },
    async receive(label) {
      await travel()
      await run(label)
    },
  }
}
