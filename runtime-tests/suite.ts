import type { Runtime } from './hosts/host.ts'
import type { Scenario } from './scenario.ts'
import { scenarios } from './scenarios/index.ts'
import { createWorld, type World } from './world/world.ts'

export interface Tally {
  readonly passed: number
  readonly failed: number
}

const SESSIONS = ['cookie', 'server'] as const
const SCENARIO_MS = 60_000

/** Runs every scenario for both kinds of session, one after the other, and reports what fails. */
export async function runSuite(runtime: Runtime): Promise<Tally> {
  let failed = 0
  for (const session of SESSIONS) {
    const world = await createWorld(runtime, session)
    for (const scenario of scenarios) {
      const error = await runScenario(scenario, world)
      if (error === undefined) continue
      failed += 1
      console.error(`FAIL ${runtime.name}, ${session} session: ${scenario.title}\n${indent(error)}`)
    }
    await world.stop()
  }
  return { passed: SESSIONS.length * scenarios.length - failed, failed }
}

async function runScenario(scenario: Scenario, world: World): Promise<string | undefined> {
  try {
    await inTime(scenario.run(world))
    await world.assertNothingLeaked()
  } catch (error) {
    const { stack, message } = error as Error
    return `${stack ?? message}\nThe application printed last: ${world.host.output().slice(-2000)}`
  } finally {
    await world.reset()
  }
  return undefined
}

/** Fails as well with whatever the scenario has begun and is not waiting for yet. */
function inTime(work: Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('The scenario takes too long')), SCENARIO_MS)
    process.on('unhandledRejection', reject)
    void work.then(resolve, reject).finally(() => {
      clearTimeout(timer)
      process.off('unhandledRejection', reject)
    })
  })
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, '  ')
}
