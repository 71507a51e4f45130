/**
 * Runs each item of the protocol against real servers, on each runtime, and prints a table.
 * Usage: node test/protocol/main.mjs [--runtime node|deno|bun|workerd] [text of the rows to run]
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { build } from 'esbuild'
import { startWorkerd } from '../../packages/cloudflare/test/workerd.mjs'
import { RUNTIMES } from '../../scripts/runtimes.mjs'
import { ensureBun, ensureDeno, ensureNode } from '../../scripts/tools.mjs'

const here = fileURLToPath(new URL('.', import.meta.url))
const output = fileURLToPath(new URL('../../.cache/protocol/', import.meta.url))
const { values, positionals } = parseArgs({
  options: { runtime: { type: 'string' } },
  allowPositionals: true,
})
const only = positionals.join(' ')

/** How each runtime runs the table. Each function resolves to the results. */
const runtimes = {
  node: async (config) => runScript(await ensureNode(RUNTIMES.node[2]), [`${output}entries/node.js`], config),
  deno: async (config) => {
    const flags = ['--quiet', '--no-config', '--no-remote', '--no-prompt', '--allow-net=127.0.0.1']
    return runScript(await ensureDeno(RUNTIMES.deno), ['run', ...flags, `${output}entries/deno.js`], config)
  },
  bun: async (config) =>
    runScript(await ensureBun(RUNTIMES.bun), ['run', `${output}entries/node.js`], config),
  workerd: runWorker,
}

await build({
  absWorkingDir: here,
  entryPoints: ['entries/node.ts', 'entries/deno.ts', 'servers/start.mjs'],
  outdir: output,
  outbase: here,
  bundle: true,
  format: 'esm',
  platform: 'neutral',
  target: 'es2023',
  mainFields: ['module', 'main'],
  conditions: ['@evertoken/source'],
  external: ['node:*', 'cloudflare:*', 'jose', 'oidc-provider'],
  logLevel: 'warning',
})
const { startServers } = await import(`${output}servers/start.js`)
const servers = await startServers()
const names = Object.keys(runtimes).filter((name) => (values.runtime ?? name) === name)
let tables
try {
  // All runtimes wait for the same servers, so that they hardly delay each other.
  tables = await Promise.all(names.map((name) => runtimes[name](servers.config)))
} finally {
  servers.stop()
}
process.exitCode = report(new Map(names.map((name, i) => [name, tables[i]])))

async function runScript(command, args, config) {
  const child = spawn(command, [...args, JSON.stringify(config), only], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NO_COLOR: '1' },
  })
  let printed = ''
  child.stdout.setEncoding('utf8').on('data', (text) => (printed += text))
  const [code] = await once(child, 'close')
  const results = printed
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))
  if (code !== 0) results.push({ item: 'the program ends', result: 'FAIL', detail: `its status is ${code}` })
  return results
}

async function runWorker(config) {
  const { identities, authorityCertificate, mtlsApi } = config
  const secureServices = Object.fromEntries(
    Object.entries(identities).map(([name, { cert, key }]) => [
      name,
      { url: mtlsApi, cert, key, ca: authorityCertificate },
    ]),
  )
  const worker = await startWorkerd({
    entry: `${here}entries/workerd.ts`,
    flags: ['nodejs_compat'],
    vars: { CONFIG: JSON.stringify(config), ONLY: only },
    secureServices,
  })
  try {
    const response = await fetch(worker.url)
    const text = await response.text()
    if (!response.ok) return [{ item: 'the program ends', result: 'FAIL', detail: text + worker.output() }]
    return JSON.parse(text)
  } finally {
    await worker.close()
  }
}

/** Prints the table, then the failures, then the reasons. Returns the exit code. */
function report(results) {
  const items = [...new Set([...results.values()].flat().map(({ item }) => item))]
  const cell = (name, item) => results.get(name).find((each) => each.item === item)
  const lines = [
    ['', ...names],
    ...items.map((item) => [item, ...names.map((name) => shortResult(cell(name, item)))]),
  ]
  const width = Math.max(...items.map((item) => item.length))
  for (const [item, ...cells] of lines)
    console.log([item.padEnd(width), ...cells.map((text) => text.padEnd(8))].join('  ').trimEnd())
  const all = names.flatMap((name) => results.get(name).map((each) => ({ name, ...each })))
  console.log()
  for (const { name, item, result, detail } of all)
    if (result !== 'ok') console.log(`${result}: ${name}: ${item}: ${detail}`)
  const count = (wanted) => all.filter(({ result }) => result === wanted).length
  const failed = count('FAIL') + all.length === 0 ? 1 : count('FAIL')
  console.log(`protocol: passed=${count('ok')} failed=${failed}`)
  return failed === 0 ? 0 : 1
}

function shortResult(result) {
  if (result === undefined) return 'FAIL'
  return result.result === 'not on this runtime' ? 'no' : result.result
}
