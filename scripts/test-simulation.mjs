// Simulates whole applications, each run from one seed:
// node scripts/test-simulation.mjs [--runs 500] [--seed 1] [--twice 20] [--trace 42] [--mutant all]
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { bundleSimulation } from './simulation/bundle.mjs'
import { testMutants } from './simulation/test-mutants.mjs'
import { runSeeds } from './simulation/pool.mjs'

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '500' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 30)) },
    /** Runs so many seeds twice and compares their event logs. */
    twice: { type: 'string', default: '0' },
    /** Prints the event log of one seed. */
    trace: { type: 'string' },
    /** A mistake by its name, or `all`: the simulation must notice it. */
    mutant: { type: 'string' },
  },
})
const corpusFile = new URL('../test/simulation/corpus.json', import.meta.url)
const corpus = JSON.parse(await readFile(corpusFile, 'utf8')).map(({ seed }) => seed)
const folder = await mkdtemp(join(tmpdir(), 'simulation-'))
const bundle = join(folder, 'simulation.mjs')
const first = Number(values.seed)
const seeds = Array.from({ length: Number(values.runs) }, (_, index) => first + index)
const startedAt = performance.now()
try {
  await bundleSimulation(bundle)
  if (values.trace !== undefined) await trace(Number(values.trace))
  else if (values.mutant !== undefined) await mutants(values.mutant)
  else await simulate()
} finally {
  await rm(folder, { recursive: true })
}

async function simulate() {
  let violations = 0
  const digests = new Map()
  await runSeeds(bundle, [...corpus, ...seeds], (report) => {
    digests.set(report.seed, report.digest)
    if (report.violations.length === 0) return
    violations++
    console.log(`seed ${report.seed}: ${report.violations.join('\n    ')}`)
  })
  const again = seeds.slice(0, Number(values.twice))
  await runSeeds(bundle, again.toReversed(), ({ seed, digest }) => {
    if (digest === digests.get(seed)) return
    violations++
    console.log(`seed ${seed}: two runs have different event logs`)
  })
  if (again.length > 0) console.log(`compared the event logs of ${again.length} seeds`)
  console.log(`in ${Math.round((performance.now() - startedAt) / 1000)} s, seed=${first}`)
  console.log(`simulation: runs=${seeds.length} violations=${violations}`)
  process.exitCode = violations === 0 ? 0 : 1
}

async function trace(seed) {
  const { check } = await import(pathToFileURL(bundle))
  const { violations } = await check(seed, (line) => console.log(line))
  console.log(violations.join('\n'))
  process.exitCode = violations.length === 0 ? 0 : 1
}

async function mutants(name) {
  const { killed, count } = await testMutants(name, { folder, seeds: [...corpus, ...seeds] })
  console.log(`mutants: killed=${killed}/${count}`)
  process.exitCode = killed === count ? 0 : 1
}
