import * as fc from 'fast-check'
import { violations } from './invariants.ts'
import { run } from './run.ts'
import { type Scenario, scenarios } from './scenarios.ts'

export interface CheckOptions {
  readonly runs: number
  readonly seed: number
  readonly path?: string | undefined
  /** Whether to look for the smallest plan that fails. */
  readonly shrink?: boolean
}

export interface Violation {
  readonly scenario: Scenario
  /** By name, such as `I1`. */
  readonly invariant: string
  readonly text: string
}

const MOST_TOLD = 8

export const scenarioNames: readonly Scenario[] = Object.keys(scenarios) as Scenario[]

/** Runs one family of plans. Resolves to the violations, and how to reproduce them. */
export async function check(scenario: Scenario, options: CheckOptions): Promise<Violation | undefined> {
  const { runs, seed, path, shrink = true } = options
  let found: readonly string[] = []
  const property = fc.asyncProperty(fc.scheduler(), scenarios[scenario], async (scheduler, plan) => {
    const violated = violations(await run(plan, scheduler)).slice(0, MOST_TOLD)
    if (violated.length === 0) return
    found = violated
    throw new Error(violated.join('\n'))
  })
  const result = await fc.check(property, {
    numRuns: runs,
    seed,
    endOnFailure: !shrink,
    ...(path !== undefined && { path }),
  })
  if (!result.failed) return undefined
  const names = new Set(found.map((text) => text.split(':', 1)[0]))
  const invariant = names.size > 0 ? [...names].join(' and ') : 'crash'
  const reproduce = `npm run test:model -- --scenario ${scenario} --seed ${seed} --path ${result.counterexamplePath?.split(':')[0]}`
  const plan = fc.stringify(result.counterexample?.[1])
  const error = found.length > 0 ? found.join('\n') : String(result.errorInstance)
  return { scenario, invariant, text: `${error}\n${plan}\nreproduce: ${reproduce}` }
}
