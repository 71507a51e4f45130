import type { Machine } from '../machines/machine.ts'
import type { History, Parcel } from './history.ts'
import type { Plan, Stop } from './plan.ts'
import type { World } from './world.ts'

/** The shared parts of the processes of a run. */
export interface Surroundings {
  readonly plan: Plan
  readonly world: World
  readonly history: History
  readonly processes: Machine[]
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
export function hand({ index }: Machine, { history }: Surroundings, to: Parcel['to'], text: string): void {
  history.parcels.push({ ...history.now(), process: index, to, text })
}

/** A message travels as long as the plan says. */
export async function travel(surroundings: Surroundings): Promise<void> {
  const { latencies } = surroundings.plan
  const ms = latencies[count(surroundings, 'message') % latencies.length] ?? 0
  if (ms > 0) await surroundings.world.sleep(ms)
}

/** A process reached a point at which the plan may stop it. */
export function reached(process: Machine, surroundings: Surroundings, point: Stop['at']): void {
  const nth = count(surroundings, point)
  if (surroundings.weather.calm) return
  for (const { at, who, forMs, suspended, nth: when } of surroundings.plan.stops) {
    if (at !== point || when !== nth) continue
    for (const stopped of who === 'one' ? [process] : surroundings.processes) stopped.stop(forMs, suspended)
  }
}
