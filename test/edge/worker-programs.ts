import { cookieHeaderOf } from '@evertoken/testkit'
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createUserAgent } from '../../examples/node-app/src/user-agent.ts'
import type { World } from '../adapters/world.ts'
import { authModule, codeBelow, importAuth, localise } from './documents.ts'
import { drive, signIn, until } from './drive.ts'
import { freePort } from './realm.ts'
import type { Program } from './programs.ts'
import { type Files, startWorker, startWrangler, VARIABLES, wranglerConfig, writeFiles } from './workers.ts'

const first = (page: string, heading: string): string => codeBelow(page, heading)[0] ?? ''

const SESSIONS = "export { EvertokenSessions } from '@evertoken/cloudflare'\n"
const main = first('quick-start/cloudflare.md', 'Write the Worker')
const auth = authModule(main)
const nodejs = ['nodejs_compat']
const CALENDAR_CRON = fileURLToPath(new URL('../../examples/calendar-cron/src/worker.ts', import.meta.url))

/** The program for a service binding is a function, which a Worker calls. */
const BOUND = `
import { auth } from './auth.ts'
import { recentOrders } from './recent-orders.ts'
${SESSIONS}
export default {
  fetch: auth.handler((request, env: Env, ctx) => recentOrders(auth.bind(env, ctx).session(request), env)),
}
interface Env {
  CLIENT_SECRET: string
  SESSION_SECRET: string
  SESSIONS: import('@evertoken/cloudflare').SessionsNamespace
  API: { fetch: import('@evertoken/cloudflare').TokenFetch }
}
`

/** A stand-in for the sign-in of the application: it redeems nothing, because the test gives it the token response. */
const REDEEM = `async function redeem(request: Request): Promise<{ tokenResponse: unknown; sub: string }> {
  return { tokenResponse: JSON.parse(new URL(request.url).searchParams.get('tokens') ?? ''), sub: 'user-1' }
}`
const tokens = first('guides/token-management.md', 'Use only token management').replace(
  /^declare function redeem.*$/m,
  REDEEM,
)

/** The files of each program, which are also compiled. */
export const WORKER_FILES: Readonly<Record<string, Files>> = {
  main: { 'worker.ts': main },
  'import-env': { 'worker.ts': first('guides/workers.md', 'Import env') },
  hono: { 'worker.ts': first('guides/workers.md', 'Hono') },
  jobs: { 'worker.ts': first('guides/workers.md', 'Queues and schedules') },
  'no-flags': {
    'worker.ts': SESSIONS + importAuth(first('guides/compatibility-flags.md', 'Work without flags')),
    'auth.ts': auth,
  },
  'service-binding': {
    'worker.ts': BOUND,
    'auth.ts': auth,
    'recent-orders.ts': first('guides/compatibility-flags.md', 'Service bindings'),
  },
  tokens: { 'worker.ts': tokens },
  // The tests of the adapter run a similar object, because its provider is Google.
  'idle-connections-on-workers': {
    'worker.ts': first('guides/idle-connections-on-workers.md', 'Keep idle connections alive on Workers'),
  },
  // It runs as the example, because its provider is Google.
  'cron-on-workers': {
    'worker.ts': first('guides/cron-on-workers.md', 'Run a schedule on Workers for many users'),
  },
}

export const workerPrograms: readonly Program[] = [
  { name: 'workerd nodejs_compat', run: (context) => onWorkerd('main', nodejs, context) },
  { name: 'workerd no flags, session by its request', run: (context) => onWorkerd('no-flags', [], context) },
  { name: 'workerd import env', run: (context) => onWorkerd('import-env', nodejs, context) },
  { name: 'workerd Hono', run: (context) => onWorkerd('hono', nodejs, context) },
  { name: 'workerd service binding', run: (context) => onWorkerd('service-binding', nodejs, context) },
  { name: 'workerd cron', run: (context) => runJob('cron', context) },
  { name: 'workerd queue', run: (context) => runJob('queue', context) },
  { name: 'workerd token management', run: runTokens },
  { name: 'workerd cron for connections', run: readCalendars },
  { name: 'wrangler dev', run: (context) => onWrangler({}, () => [], context) },
  {
    name: 'wrangler dev with routes',
    run: (context) =>
      onWrangler(
        { routes: [{ pattern: 'app.example.com', custom_domain: true }] },
        (port) => ['--local-upstream', `localhost:${port}`],
        context,
      ),
  },
]

type Context = Parameters<Program['run']>[0]

async function start(name: string, flags: readonly string[], { folder, project, world }: Context) {
  const files = Object.entries(WORKER_FILES[name] ?? {}).map(([file, code]) => [file, localise(code, world)])
  await writeFiles(folder, Object.fromEntries(files) as Files)
  return startWorker(folder, { project, flags, api: (request) => forward(request, world) })
}

/** The other Worker behind the service binding. */
function forward(request: Request, { env }: World): Promise<Response> {
  const { pathname } = new URL(request.url)
  const authorization = request.headers.get('authorization') ?? ''
  return fetch(`${env['API_URL']}/orders${pathname}`, { headers: { authorization } })
}

async function onWorkerd(name: string, flags: readonly string[], context: Context): Promise<void> {
  const worker = await start(name, flags, context)
  try {
    await drive(worker.url, context.world)
  } finally {
    await worker.stop()
  }
}

/** A job refreshes the token without a request. */
async function runJob(kind: 'cron' | 'queue', context: Context): Promise<void> {
  const { server, spoil } = context.world
  const worker = await start('jobs', nodejs, context)
  try {
    assert.equal((await fetch(`${worker.url}/`)).status, 401)
    if (kind === 'queue') spoil()
    assert.equal(await signIn(worker.url), 'Subscribed')
    if (kind === 'cron') {
      spoil()
      assert.equal(await worker.runSchedule(), 'ok')
    }
    await until(() => server.counts.refresh === 1)
    assert.equal(server.maxUses(), 1)
  } finally {
    await worker.stop()
  }
}

/** Users connect their calendars, which a schedule then reads through a queue. */
async function readCalendars({ folder, project, world }: Context): Promise<void> {
  const { server, calls, spoil, env } = world
  await writeFiles(folder, { 'worker.ts': readFileSync(CALENDAR_CRON, 'utf8') })
  const api = (request: Request) => forward(request, world)
  const worker = await startWorker(folder, { project, flags: nodejs, bindings: env, api })
  try {
    const user = createUserAgent()
    const home = await user.visit(`${worker.url}/auth/login`)
    assert.match(home.html, /Connect your calendar/)
    const connected = await user.visit(`${worker.url}/connections/calendar/connect`)
    assert.match(connected.url, /outcome=connected/)
    spoil()
    for (let i = 0; i < 2; i++) assert.equal(await worker.runSchedule(), 'ok')
    await until(() => calls.accepted === 2)
    assert.equal(server.counts.refresh, 1)
    assert.equal(server.maxUses(), 1)
  } finally {
    await worker.stop()
  }
}

async function runTokens(context: Context): Promise<void> {
  const { server, spoil } = context.world
  const worker = await start('tokens', nodejs, context)
  try {
    const issued = JSON.stringify(await server.issue({ sub: 'user-1' }))
    const url = `${worker.url}/callback?tokens=${encodeURIComponent(issued)}`
    const started = await fetch(url, { redirect: 'manual' })
    const cookie = cookieHeaderOf(started)
    const orders = () => fetch(`${worker.url}/`, { headers: { cookie } })
    spoil()
    assert.equal((await orders()).status, 200)
    assert.equal(server.counts.refresh, 1)
    await fetch(`${worker.url}/sign-out`, { method: 'POST', headers: { cookie }, redirect: 'manual' })
    assert.equal((await orders()).status, 401)
  } finally {
    await worker.stop()
  }
}

async function onWrangler(
  members: object,
  args: (port: number) => readonly string[],
  { folder, project, world }: Context,
): Promise<void> {
  const port = await freePort()
  const variables = Object.entries(VARIABLES).map(([name, value]) => `${name}="${value}"`)
  await writeFiles(folder, {
    'src/worker.ts': localise(main, world),
    'wrangler.jsonc': wranglerConfig(members),
    '.dev.vars': variables.join('\n'),
  })
  const program = await startWrangler(folder, project, port, args(port))
  try {
    await drive(`http://localhost:${port}`, world)
  } finally {
    await program.stop()
  }
}

/** Where the configuration for `wrangler types` expects the program. */
export const entryOf = (folder: string, name: string): string => join(folder, name, 'worker.ts')
