import type { Clock } from '../../packages/core/src/ports/clock.ts'
import type { History, Parcel } from './history.ts'
import type { Plan, Stop } from './plan.ts'
import type { World } from './world.ts'

/** Seconds since the epoch at which a run begins. */
export const EPOCH = 1_800_000_000

/** A process of the application: it can be stopped and killed, and its clock may be wrong. */
export interface Process {
  readonly index: number
  readonly clock: Clock
  /** Nothing more is heard of it. */
  readonly killed: boolean
  readonly frozen: boolean
  stop(forMs: number, suspended?: boolean): void
  setClock(seconds: number): void
  /** Reached a point at which the plan may stop it. */
  reached(point: Stop['at']): void
  /** A message of the process travels; it also travels while the process is stopped. */
  send(label: string): Promise<void>
  /** An answer travels back, and arrives when the process runs. */
  receive(label: string): Promise<void>
}

/** The shared parts of the processes of a run. */
export interface Surroundings {
  readonly plan: Plan
  readonly world: World
  readonly history: History
  readonly processes: Process[]
  /** Counts how often any process came to a point. */
  readonly milestones: Map<string, number>
  /** Calm: from here on, no failure is injected. */
  readonly weather: { calm: boolean }
}

/** How often this was counted before. */
export function count({ milestones }: Surroundings, what: string): number {
  const before = milestones.get(what) ?? 0
  milestones.set(what, before + 1)
  return before
}

/** Notes what leaves a process. */
export function hand({ index }: Process, { history }: Surroundings, to: Parcel['to'], text: string): void {
  history.parcels.push({ ...history.now(), process: index, to, text })
}

export function createProcess(index: number, surroundings: Surroundings): Process {
  const { plan, world, history } = surroundings
  let ahead = plan.clocks[index] ?? 0
  let frozenUntil = 0
  /** How long the monotonic clock was stopped. */
  let asleepMs = 0

  async function travel(): Promise<void> {
    const { latencies } = plan
    const ms = latencies[count(surroundings, 'message') % latencies.length] ?? 0
    if (ms > 0) await world.sleep(ms)
  }

  async function send(label: string): Promise<void> {
    await travel()
    await world.turn(`${label} @${index}`)
  }

  async function run(label: string): Promise<void> {
    do {
      while (world.time < frozenUntil) await world.sleep(frozenUntil - world.time)
      await world.turn(`${label} @${index}`)
    } while (world.time < frozenUntil)
  }

  function stop(forMs: number, suspended = false): void {
    if (suspended) asleepMs += forMs
    frozenUntil = Math.max(frozenUntil, world.time + forMs)
    const kind = forMs === Infinity ? 'killed' : 'stopped'
    history.troubles.push({ ...history.now(), process: index, kind, until: frozenUntil })
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
    stop,
    setClock(seconds) {
      ahead = seconds
    },
    reached(point) {
      const nth = count(surroundings, point)
      if (surroundings.weather.calm) return
      for (const { at, who, forMs, suspended, nth: when } of plan.stops) {
        if (at !== point || when !== nth) continue
        if (who === 'one') stop(forMs, suspended)
        else for (const other of surroundings.processes) other.stop(forMs, suspended)
      }
    },
    send,
    async receive(label) {
      await travel()
      await run(label)
    },
  }
}
