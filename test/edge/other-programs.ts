import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { startProgram } from '../adapters/start-program.ts'
import { startUpstash } from '../stores/upstash.ts'
import { startRedis } from '../../scripts/services.mjs'
import { codeBelow, importAuth, localise } from './documents.ts'
import { drive } from './drive.ts'
import type { Program } from './programs.ts'
import { freePort, startRealm } from './realm.ts'
import { bundle, VARIABLES, writeFiles } from './workers.ts'

type Context = Parameters<Program['run']>[0]

const [edgeAuth = ''] = codeBelow('quick-start/edge.md', 'Edge runtimes')
const [, sessionArgument = ''] = codeBelow('quick-start/edge.md', 'Without AsyncLocalStorage')
const [netlify = ''] = codeBelow('quick-start/edge.md', 'Netlify Edge Functions')

export const otherPrograms: readonly Program[] = [
  { name: 'Deno with Deno KV', run: onDeno },
  { name: 'Deno, a function of Netlify', run: onNetlify },
  { name: 'Bun', run: onBun },
  { name: 'Deno Deploy, default store', run: reportOnDeno },
  { name: 'edge-runtime with Upstash', run: (context) => onEdgeRuntime(context, '@evertoken/node/edge') },
  { name: 'edge-runtime, @evertoken/node', run: (context) => onEdgeRuntime(context, '@evertoken/node') },
  { name: 'bare realm with Upstash, session as an argument', run: inBareRealm },
]

async function onDeno({ folder, world, deno }: Context): Promise<void> {
  const [program = ''] = codeBelow('quick-start/deno.md', 'Deno')
  await writeFiles(folder, { 'main.ts': localise(program, world) })
  const port = await freePort()
  const env = { ...VARIABLES, DENO_SERVE_ADDRESS: `tcp:127.0.0.1:${port}`, NO_COLOR: '1' }
  const args = ['run', '--no-remote', '--node-modules-dir=manual', '--unstable-kv', '--allow-all']
  const running = await startProgram(deno, [...args, 'main.ts'], { cwd: folder, env })
  try {
    await drive(`http://127.0.0.1:${port}`, world)
  } finally {
    await running.stop()
  }
}

const NETLIFY_SERVER = `
import handler from './netlify/edge-functions/orders.ts'
const context = { waitUntil: (work: Promise<unknown>) => void work }
Deno.serve((request) => handler(request, context))
`

async function onNetlify({ folder, world, deno }: Context): Promise<void> {
  const port = await freePort()
  await withUpstash(async (upstash) => {
    const auth = localise(edgeAuth, world, `http://127.0.0.1:${port}`)
    const files = { 'netlify/auth.ts': auth, 'netlify/edge-functions/orders.ts': netlify }
    await writeFiles(folder, { ...files, 'main.ts': NETLIFY_SERVER })
    const env = {
      ...VARIABLES,
      ...upstash,
      DENO_SERVE_ADDRESS: `tcp:127.0.0.1:${port}`,
      NO_COLOR: '1',
    }
    const args = ['run', '--no-remote', '--node-modules-dir=manual', '--allow-all', 'main.ts']
    const running = await startProgram(deno, args, { cwd: folder, env })
    try {
      await drive(`http://127.0.0.1:${port}`, world)
    } finally {
      await running.stop()
    }
  })
}

const REPORT = `
import { evertoken } from '@evertoken/deno'
const auth = evertoken({
  issuer: 'https://login.example.com',
  clientId: 'web',
  encryptionSecret: 'a secret of thirty-two characters',
  session: 'server',
  onEvent: (event) => console.log(event.type),
})
await auth.sessionById('x'.repeat(43)).getUser()
`

/** Evertoken reads the variables of the platform only if the process may read them. */
async function reportOnDeno({ folder, deno }: Context): Promise<void> {
  await writeFiles(folder, { 'main.ts': REPORT })
  const env = { ...process.env, DENO_DEPLOYMENT_ID: 'abc' }
  const args = ['run', '--no-remote', '--node-modules-dir=manual']
  for (const permissions of [['--allow-env'], []]) {
    const command = [...args, ...permissions, 'main.ts']
    const { stdout } = await promisify(execFile)(deno, command, { cwd: folder, env })
    assert.equal(stdout.includes('store_not_shared'), permissions.length > 0, stdout)
  }
}

async function onBun({ folder, world, bun }: Context): Promise<void> {
  const [program = ''] = codeBelow('quick-start/bun.md', 'Bun')
  const port = await freePort()
  const local = localise(program, world).replace('port: 3000,', `port: ${port}, hostname: '127.0.0.1',`)
  await writeFiles(folder, { 'main.ts': local })
  const options = { cwd: folder, env: VARIABLES, ready: /(http:\/\/[\w.:]+)/ }
  const running = await startProgram(bun, ['run', 'main.ts'], options)
  try {
    await drive(`http://127.0.0.1:${port}`, world)
  } finally {
    await running.stop()
  }
}

const EDGE_ENTRY = `
import { handler } from './auth.ts'
addEventListener('fetch', (event) => event.respondWith(handler(event.request, event)))
`

/** The part of the package that is used here. */
interface EdgeRuntimeModule {
  readonly EdgeRuntime: new (options: object) => object
  runServer(options: object): Promise<{ readonly url: string; close(): Promise<void> }>
}

/** @param entry - The entry that the program imports. Bundlers know an edge runtime by the condition `edge-light`. */
async function onEdgeRuntime({ folder, project, world }: Context, entry: string): Promise<void> {
  const port = await freePort()
  const url = `http://localhost:${port}`
  await withUpstash(async (upstash) => {
    const auth = localise(edgeAuth, world, url).replace('@evertoken/node/edge', entry)
    await writeFiles(folder, { 'auth.ts': auth, 'main.ts': EDGE_ENTRY })
    const initialCode = await bundleForEdge(join(folder, 'main.ts'), {})
    const path = createRequire(join(project, 'package.json')).resolve('edge-runtime')
    const { EdgeRuntime, runServer } = (await import(pathToFileURL(path).href)) as EdgeRuntimeModule
    const { AsyncLocalStorage } = process.getBuiltinModule('node:async_hooks')
    // Next.js and Vercel add these globals to the package.
    const env = { ...VARIABLES, ...upstash }
    const extend = (context: object) => Object.assign(context, { AsyncLocalStorage, process: { env } })
    const runtime = new EdgeRuntime({ initialCode, extend })
    const server = await runServer({ runtime, port, host: '127.0.0.1' })
    try {
      await drive(url, world)
    } finally {
      await server.close()
    }
  })
}

async function inBareRealm({ folder, world }: Context): Promise<void> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  await withUpstash(async (upstash) => {
    const { UPSTASH_REDIS_REST_URL, UPSTASH_REDIS_REST_TOKEN } = upstash
    const database = JSON.stringify({ url: UPSTASH_REDIS_REST_URL, token: UPSTASH_REDIS_REST_TOKEN })
    const auth = edgeAuth.replace('Redis.fromEnv()', `new Redis(${database})`)
    await writeFiles(folder, {
      'auth.ts': localise(auth, world, url),
      'main.ts': localise(importAuth(sessionArgument), world),
    })
    const code = await bundleForEdge(join(folder, 'main.ts'), { 'process.env': JSON.stringify(VARIABLES) })
    const realm = await startRealm(code, port)
    try {
      await drive(url, world)
    } finally {
      await realm.stop()
    }
  })
}

/** @param define - Replaces variables of the environment where there is no `process`. */
async function bundleForEdge(entry: string, define: Readonly<Record<string, string>>): Promise<string> {
  const conditions = ['edge-light', 'worker', 'import', 'default']
  return bundle(entry, { format: 'iife', globalName: 'program', conditions, define, external: [] })
}

type Upstash = { readonly UPSTASH_REDIS_REST_URL: string; readonly UPSTASH_REDIS_REST_TOKEN: string }

/** Redis behind HTTP, as Upstash offers it. */
async function withUpstash(run: (env: Upstash) => Promise<void>): Promise<void> {
  const redis = await startRedis()
  const upstash = await startUpstash(redis.url)
  try {
    await run({ UPSTASH_REDIS_REST_URL: upstash.url, UPSTASH_REDIS_REST_TOKEN: 'token' })
  } finally {
    await upstash.stop()
    await redis.stop()
  }
}
