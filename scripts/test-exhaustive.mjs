// Explores every interleaving and every single fault of small worlds: two processes, and one session or one connection.
// node scripts/test-exhaustive.mjs [--all] [--only strict] [--mutants [name …]]
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { mutants } from './exhaustive/mutants.mjs'
import { exploreWorlds } from './exhaustive/run.mjs'
import { bundleModel } from './model/bundle.mjs'
import { applyEdits } from './mutants/apply.mjs'

const THREADS = 2
const ENTRY = 'test/exhaustive/check.ts'
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    all: { type: 'boolean', default: false },
    mutants: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
  },
})
const folder = await mkdtemp(join(tmpdir(), 'exhaustive-'))
const isRight = values.mutants ? await killMutants() : await exploreAll()
await rm(folder, { recursive: true })
process.exitCode = isRight ? 0 : 1

async function exploreAll() {
  const bundle = await prepare('none', [])
  const { ownerNames, serverNames } = await import(pathToFileURL(bundle))
  const worlds = serverNames.filter((server) => server.includes(values.only)).flatMap(worldsOf)
  const results = []
  await inThreads(worlds, async (world) => results.push(...(await exploreWorlds(bundle, [world]))))
  const total = (some) => some.reduce((sum, { states }) => sum + states, 0)
  for (const server of serverNames) {
    const own = results.filter(({ job }) => job.server === server)
    if (own.length === 0) continue
    const violations = own.flatMap((result) => result.violations)
    for (const { text, path } of violations) console.log(`${server}: ${text}\n  ${path.join('\n  ')}`)
    console.log(`${server}: states=${total(own)} worlds=${own.length} violations=${violations.length}`)
  }
  const violations = results.reduce((sum, result) => sum + result.violations.length, 0)
  const statesOf = (owner) => total(results.filter(({ job }) => job.owner === owner))
  const owners = ownerNames.map((owner) => `${owner}=${statesOf(owner)}`).join(' ')
  console.log(
    `exhaustive: ${owners} states=${total(results)} worlds=${results.length} violations=${violations}`,
  )
  return violations === 0
}

/**
 * With faults, the token of a strict server matters. Elsewhere, an access token that still works changes little. The owners share
 * the worlds with faults, because the lease and the lineage are the same for both.
 */
function worldsOf(server) {
  const world = (isExpired, withSignOut, withFaults, owner = 'session', maxConsents = 0) => ({
    owner,
    server,
    isExpired,
    withSignOut,
    withFaults,
    maxConsents,
  })
  if (values.all) {
    const both = [true, false]
    const sessions = both.flatMap((isExpired) => [
      world(isExpired, true, false),
      world(isExpired, false, true),
      world(isExpired, true, true),
    ])
    const connections = both.flatMap((isExpired) => [
      world(isExpired, true, false, 'connection', 2),
      world(isExpired, false, true, 'connection'),
    ])
    return [...sessions, ...connections]
  }
  const few = [
    world(true, true, false),
    world(false, true, false),
    world(true, false, true, server === 'grace' ? 'connection' : 'session'),
  ]
  if (server !== 'strict') return few
  // Without faults, all servers are alike.
  const connections = [world(true, true, false, 'connection', 1), world(false, true, false, 'connection', 1)]
  return [...few, world(false, false, true), ...connections]
}

async function killMutants() {
  const names = Object.keys(mutants).filter((name) => positionals.length === 0 || positionals.includes(name))
  let killed = 0
  await inThreads(names, async (name) => {
    const [where, edits] = mutants[name]
    const bundle = await prepare(name, edits).catch((error) => {
      console.log(`mutant ${name}: CANNOT BE MADE: ${error.message}`)
    })
    if (!bundle) return
    const isConnection = where.includes('connection')
    const world = {
      owner: isConnection ? 'connection' : 'session',
      maxConsents: isConnection ? 1 : 0,
      server: where.split(' ')[0],
      isExpired: !where.includes('soft'),
      withSignOut: where.includes('out'),
      withFaults: !where.includes('calm'),
    }
    const [result] = await exploreWorlds(bundle, [{ ...world, isFirstEnough: true }])
    const [violation] = result?.violations ?? []
    if (violation) killed++
    console.log(`mutant ${name}: ${violation ? `killed: ${violation.text.split('\n')[0]}` : 'SURVIVED'}`)
  })
  console.log(`exhaustive mutants: killed=${killed}/${names.length}`)
  return killed === names.length
}

async function inThreads(jobs, run) {
  const queue = [...jobs]
  const work = async () => {
    for (let job = queue.shift(); job !== undefined; job = queue.shift()) await run(job)
  }
  await Promise.all(Array.from({ length: THREADS }, work))
}

async function prepare(name, edits) {
  const bundle = join(folder, `${name.replaceAll(' ', '-')}.mjs`)
  await bundleModel(bundle, applyEdits(name, edits), ENTRY)
  return bundle
}
