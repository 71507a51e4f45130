// Breaks core in ways that a developer could. The model or a test must notice each time.
// Usage: node scripts/test-mutants.mjs [--every 2] [name …]. With `--every 2`, it makes only every second mutant.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { bundleModel } from './model/bundle.mjs'
import { mutants } from './model/mutants.mjs'
import { runModel } from './model/run.mjs'
import { runTests } from './model/run-tests.mjs'
import { testMutants } from './model/test-mutants.mjs'
import { applyEdits } from './mutants/apply.mjs'

const THREADS = 2
/** In the scenarios named with a mutant, with one seed after the other, for some mistakes show seldom; then in all. */
const SEEDS = [1, 2, 3]
const FIRST_RUNS = 1500
const RUNS = 300

const { values, positionals: wanted } = parseArgs({
  allowPositionals: true,
  options: { every: { type: 'string', default: '1' } },
})
const isWanted = (name, index) =>
  wanted.length > 0 ? wanted.includes(name) : index % Number(values.every) === 0
const names = Object.keys(mutants).filter(isWanted)
const testNames = Object.keys(testMutants).filter(isWanted)
const folder = await mkdtemp(join(tmpdir(), 'mutants-'))
const control = await prepare('none', [])
const { scenarioNames } = await import(pathToFileURL(control))
const everywhere = scenarioNames.map((scenario) => job(scenario, RUNS, SEEDS[0]))

const problem = names.length > 0 ? await runModel(control, everywhere) : undefined
const testFiles = new Set(testNames.flatMap((name) => testMutants[name][0]))
const failure = testNames.length > 0 ? await runTests([...testFiles]) : undefined
const isHealthy = !problem && !failure
console.log(`no mutant: ${problem?.text ?? failure ?? 'passes'}`)
let killed = 0
const queue = [...names]
if (isHealthy) await Promise.all(Array.from({ length: THREADS }, work))
const testQueue = [...testNames]
if (isHealthy) await Promise.all(Array.from({ length: THREADS }, runTestMutants))
await rm(folder, { recursive: true })
const count = names.length + testNames.length
console.log(`mutants: killed=${killed}/${count}`)
process.exitCode = isHealthy && killed === count ? 0 : 1

async function work() {
  for (let name = queue.shift(); name; name = queue.shift()) {
    const [scenarios, edits] = mutants[name]
    const bundle = await prepare(name, edits).catch((error) => {
      console.log(`mutant ${name}: CANNOT BE MADE: ${error.message}`)
    })
    if (!bundle) continue
    const first = SEEDS.flatMap((seed) => scenarios.map((scenario) => job(scenario, FIRST_RUNS, seed)))
    const jobs = [...first, ...everywhere]
    const violation = await runModel(bundle, jobs)
    if (violation) killed++
    console.log(`mutant ${name}: ${violation ? `killed by ${violation.invariant}` : 'SURVIVED'}`)
  }
}

async function runTestMutants() {
  for (let name = testQueue.shift(); name; name = testQueue.shift()) await runTestMutant(name)
}

async function runTestMutant(name) {
  const [files, edits] = testMutants[name]
  try {
    const failed = await runTests(files, applyEdits(name, edits))
    if (failed !== undefined) killed++
    console.log(`mutant ${name}: ${failed === undefined ? 'SURVIVED' : `killed by '${failed}'`}`)
  } catch (error) {
    console.log(`mutant ${name}: CANNOT BE MADE: ${error.message}`)
  }
}

function job(scenario, runs, seed) {
  return { scenario, runs, seed, shrink: false }
}

async function prepare(name, edits) {
  const bundle = join(folder, `${name.replaceAll(' ', '-')}.mjs`)
  await bundleModel(bundle, applyEdits(name, edits))
  return bundle
}
