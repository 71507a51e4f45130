import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readdir, readFile, rm } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { RUNTIMES } from '../../scripts/runtimes.mjs'
import { installed, temporaryFolder } from '../../scripts/services.mjs'
import { ensureNode } from '../../scripts/tools.mjs'
import { CONFORMANCE, folderOf } from './versions.mjs'

/** All clients of a suite run at the same time, so each of them can take long. */
const CLIENT_MS = 300_000
/** How many suites run at the same time. */
const PARALLEL = 2

/** The arguments of each run, and how many scenarios of authorization it has. */
const RUNS = [
  { name: '2025-11-25', count: 14, args: ['--suite', 'auth'] },
  { name: '2026-07-28', count: 14, args: ['--suite', 'auth', '--spec-version', '2026-07-28'] },
  { name: 'draft', count: 11, args: ['--suite', 'draft'] },
  { name: 'extensions', count: 6, args: ['--suite', 'extensions'] },
  { name: '2025-03-26', count: 2, args: ['--suite', 'backcompat'] },
]

/** Scenarios in which a correct client gives up, and what it then reports. */
const GIVES_UP = new Map([
  ['auth/resource-mismatch', 'connect_failed authorization_server_metadata_invalid'],
  ['auth/metadata-issuer-mismatch', 'connect_failed authorization_server_metadata_invalid'],
  ['auth/scope-retry-limit', 'scope_missing'],
  ['auth/iss-supported-missing', 'connect_failed authorization_response_invalid'],
  ['auth/iss-wrong-issuer', 'connect_failed authorization_response_invalid'],
  ['auth/iss-unexpected', 'connect_failed authorization_response_invalid'],
  ['auth/iss-normalized', 'connect_failed authorization_response_invalid'],
])

/**
 * Runs the scenarios of authorization of the conformance suite of the Model Context Protocol.
 *
 * @returns For each scenario, its name, the name of the run, and why it has failed.
 */
export async function runConformance() {
  const ip = installed('iproute2', () => ['/usr/sbin/ip', '/sbin/ip', '/usr/bin/ip'].find(existsSync))
  const node = await ensureNode(RUNTIMES.node.find((version) => version.startsWith('22.')))
  const program = join(await folderOf(CONFORMANCE), 'dist/index.js')
  const home = await temporaryFolder('mcp')
  const client = join(home, 'client.mjs')
  await bundleClient(client)
  const command = [node, program, 'client', '--command', `${node} ${client}`, '--timeout', String(CLIENT_MS)]

  async function run({ name, count, args }) {
    const folder = join(home, name)
    await runOnLoopback(ip, home, [...command, ...args, '-o', folder])
    const results = await readResults(folder)
    const rows = results.map((result) => ({ ...result, run: name }))
    if (rows.length !== count)
      rows.push({ scenario: 'all', run: name, problem: `${rows.length} of ${count} scenarios have run` })
    return rows
  }

  const rest = RUNS.values()
  const rows = []
  const runNext = async () => {
    for (const each of rest) rows.push(...(await run(each)))
  }
  await Promise.all(Array.from({ length: PARALLEL }, runNext))
  await rm(home, { recursive: true, force: true })
  return rows
}

/** One file starts much faster than the modules of all packages, and it starts once for each scenario. */
async function bundleClient(outfile) {
  const entry = fileURLToPath(new URL('client.mjs', import.meta.url))
  await build({
    entryPoints: [entry],
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile,
    logLevel: 'error',
  })
}

/** The servers of the suite listen on all interfaces, so they get a network that has only loopback. */
function runOnLoopback(ip, home, [command, ...args]) {
  const script = '"$0" link set lo up && exec "$@"'
  const isRoot = process.getuid() === 0
  const unshare = ['--net', ...(isRoot ? [] : ['--map-root-user']), 'sh', '-c', script, ip, command, ...args]
  return new Promise((resolve, reject) => {
    const env = { ...process.env, NODE_COMPILE_CACHE: join(home, 'cache') }
    spawn('unshare', unshare, { stdio: 'ignore', env }).once('error', reject).once('close', resolve)
  })
}

async function readResults(folder) {
  const files = await readdir(folder, { recursive: true, withFileTypes: true })
  const found = files.filter(({ name }) => name === 'checks.json').map(({ parentPath }) => parentPath)
  const all = await Promise.all(found.toSorted().map((each) => readResult(folder, each)))
  return all.filter(({ scenario }) => scenario.startsWith('auth/'))
}

async function readResult(folder, place) {
  const scenario = relative(folder, place).replace(/-\d{4}-\d\d-\d\dT.*$/, '')
  const [checks, stdout, stderr] = await Promise.all(
    ['checks.json', 'stdout.txt', 'stderr.txt'].map((name) => readFile(join(place, name), 'utf8')),
  )
  const failed = JSON.parse(checks).filter(({ status }) => status === 'FAILURE' || status === 'WARNING')
  const isDone = stdout.includes('done')
  const problems = failed.map(
    ({ name, errorMessage, description }) => `${name}: ${errorMessage ?? description}`,
  )
  const reason = GIVES_UP.get(scenario)
  if (isDone && reason !== undefined) problems.push('the client did not give up')
  // A client that crashes has not given up.
  if (!isDone && (reason === undefined || !stderr.includes(reason)))
    problems.push(`the client failed: ${stderr}`)
  return { scenario, problem: problems.join('; ') || undefined }
}
