import type { Scheduler } from 'fast-check'
import { createModelServer, type ModelServer } from './authorization-server.ts'
import { createFleet } from './fleet.ts'
import { createHistory, type History } from './history.ts'
import type { Plan } from './plan.ts'
import { EPOCH } from '../machines/machine.ts'
import type { Surroundings } from './surroundings.ts'
import { createVisitors } from './visitors.ts'
import { createWorld } from './world.ts'

/** The state after a run, which the invariants judge. */
export interface Outcome {
  readonly plan: Plan
  readonly history: History
  readonly server: ModelServer
  /** Whether the run came to an end. */
  readonly settled: boolean
  /** By grant, whether the store lists the connection in the end. */
  readonly listed: readonly boolean[]
  /** By grant, whether the refresh of idle grants finds the connection in the end. */
  readonly foundIdle: readonly boolean[]
}

/** Runs a plan once, in the order that the scheduler chooses; then sees what became of the sessions. */
export async function run(plan: Plan, scheduler: Scheduler): Promise<Outcome> {
  const world = createWorld(scheduler)
  const history = createHistory(world)
  const weather = { calm: false }
  const surroundings: Surroundings = {
    plan,
    world,
    history,
    milestones: new Map(),
    processes: [],
    weather,
  }
  const server = createModelServer(plan, () => EPOCH + world.time / 1000)
  const fleet = createFleet(surroundings, server)
  for (const _ of plan.clocks) fleet.add()
  const grants = Array.from({ length: plan.sessions }, (_, grant) => grant)
  const browsers = await Promise.all(grants.map(fleet.signIn))
  const visitors = createVisitors(surroundings, server, fleet, browsers)

  let settled = true
  async function pass<T>(work: Promise<T>): Promise<T | undefined> {
    let result: T | undefined
    void work.then((value) => (result = value))
    settled = (await world.settle()) && settled
    return result
  }

  await pass(Promise.all([...plan.visits.map(visitors.planned), ...plan.jumps.map(visitors.jump)]))
  if (settled) await visitors.probe(pass)
  const listed = await Promise.all(grants.map(fleet.isListed))
  const foundIdle = await Promise.all(grants.map(fleet.isFoundIdle))
  return { plan, history, server, settled, listed, foundIdle }
}
