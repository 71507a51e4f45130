/**
 * Prints how large the adapter is with all it imports, and how much longer a Worker with it takes from its start to its
 * first answer than an empty one: `node packages/cloudflare/test/measure.mjs`.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { bundleWorker, startWorkerd } from './workerd.mjs'

const ROUNDS = 41
const file = (path) => fileURLToPath(new URL(path, import.meta.url))
const entries = {
  empty: file('workers/empty.ts'),
  tokens: file('workers/tokens.ts'),
  evertoken: file('../../../examples/cloudflare-worker/src/worker.ts'),
}
const vars = {
  SESSION: 'server',
  ISSUER: 'https://login.example.com',
  CLIENT_ID: 'web',
  CLIENT_SECRET: 'a client secret',
  SESSION_SECRET: 'a secret of thirty-two characters',
  API_URL: 'https://api.example.com',
}

const folder = await mkdtemp(join(tmpdir(), 'measure-'))
const outfile = join(folder, 'worker.js')
for (const [name, entry] of [
  ['cloudflare/tokens', '../src/tokens.ts'],
  ['cloudflare', '../src/index.ts'],
]) {
  await bundleWorker(file(entry), outfile, { minify: true })
  print(`size: ${name}=${gzipSync(await readFile(outfile), { level: 9 }).length}B`)
}
await rm(folder, { recursive: true })

const times = Object.fromEntries(Object.keys(entries).map((name) => [name, []]))
for (let round = 0; round < ROUNDS; round++) {
  // In another order each time, because a process that has just stopped slows the next start.
  for (const name of Object.keys(entries).toSorted(() => Math.random() - 0.5)) {
    times[name].push(await untilFirstAnswer(entries[name]))
  }
}
const empty = median(times.empty)
for (const [name, all] of Object.entries(times)) {
  print(`start: ${name}=${median(all).toFixed(1)}ms added=${(median(all) - empty).toFixed(1)}ms`)
}

async function untilFirstAnswer(entry) {
  const { url, startedAt, close } = await startWorkerd({
    entry,
    vars,
    sessions: 'SESSIONS',
    minify: true,
    flags: ['nodejs_compat'],
  })
  await (await fetch(url)).text()
  const ms = performance.now() - startedAt
  await close()
  return ms
}

function print(line) {
  process.stdout.write(`${line}\n`)
}

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]
}
