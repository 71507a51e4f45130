// Runs the model of the refresher: node scripts/test-model.mjs [--runs 100000] [--seed 1] [--scenario stops] [--path 42]
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { bundleModel } from './model/bundle.mjs'
import { runModel } from './model/run.mjs'

const THREADS = 2
const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '20000' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    scenario: { type: 'string' },
    path: { type: 'string' },
  },
})
const seed = Number(values.seed)
const folder = await mkdtemp(join(tmpdir(), 'model-'))
const bundle = join(folder, 'model.mjs')
await bundleModel(bundle)
const { scenarioNames } = await import(pathToFileURL(bundle))
const names = scenarioNames.filter((name) => [name, undefined].includes(values.scenario))
if (names.length === 0) throw new Error(`Use one of these scenarios: ${scenarioNames.join(', ')}`)
const runs = values.path === undefined ? Math.ceil(Number(values.runs) / names.length) : 1

const startedAt = performance.now()
let violations = 0
const queue = [...names]
await Promise.all(Array.from({ length: THREADS }, work))
await rm(folder, { recursive: true })
const total = runs * names.length
console.log(`in ${Math.round((performance.now() - startedAt) / 1000)} s`)
console.log(`model: runs=${total} interleavings=${total} violations=${violations} seed=${seed}`)
process.exitCode = violations === 0 ? 0 : 1

async function work() {
  for (let scenario = queue.shift(); scenario; scenario = queue.shift()) {
    const violation = await runModel(bundle, [{ scenario, runs, seed, path: values.path }])
    console.log(`${scenario}: ${violation ? violation.text : `${runs} runs`}`)
    if (violation) violations++
  }
}
