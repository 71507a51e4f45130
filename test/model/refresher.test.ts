import { describe, expect, it } from 'vitest'
import { check, scenarioNames } from './check.ts'

/** Some 10,000 interleavings in all; `npm run test:model` runs as many as asked for, with a new seed each time. */
const RUNS = 920
const SEED = 1

describe('I1, I2, I4, I5, I7, I8: the refresher keeps every invariant in every order of events', () => {
  it.each(scenarioNames)('%s', { timeout: 120_000 }, async (scenario) => {
    const violation = await check(scenario, { runs: RUNS, seed: SEED })
    expect(violation?.text).toBeUndefined()
  })
})
