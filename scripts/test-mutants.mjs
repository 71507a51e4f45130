// Breaks the refresher in ways that somebody could; the model has to tell each time: node scripts/test-mutants.mjs [name …]
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { bundleModel } from './model/bundle.mjs'
import { mutants } from './model/mutants.mjs'
import { runModel } from './model/run.mjs'

const THREADS = 2
/** In the scenarios named with a mutant, with one seed after the other, for some mistakes show seldom; then in all. */
const SEEDS = [1, 2, 3]
const FIRST_RUNS = 1500
const RUNS = 300

const wanted = process.argv.slice(2)
const names = Object.keys(mutants).filter((name) => wanted.length === 0 || wanted.includes(name))
const folder = await mkdtemp(join(tmpdir(), 'mutants-'))
const control = await prepare('none', {})
const { scenarioNames } = await import(pathToFileURL(control))
const everywhere = scenarioNames.map((scenario) => job(scenario, RUNS, SEEDS[0]))

const healthy = await runModel(control, everywhere)
console.log(healthy ? `no mutant: ${healthy.text}` : 'no mutant: passes')
let killed = 0
const queue = [...names]
if (!healthy) await Promise.all(Array.from({ length: THREADS }, work))
await rm(folder, { recursive: true })
console.log(`mutants: killed=${killed}/${names.length}`)
process.exitCode = !healthy && killed === names.length ? 0 : 1

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

function job(scenario, runs, seed) {
  return { scenario, runs, seed, shrink: false }
}

async function prepare(name, edits) {
  const bundle = join(folder, `${name.replaceAll(' ', '-')}.mjs`)
  await bundleModel(bundle, edits)
  return bundle
}
