import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { beforeAll, expect, it } from 'vitest'
import { createAuthorizationServer } from '../../examples/node-app/src/authorization-server.ts'
import { createResourceServer } from '../../examples/node-app/src/resource-server.ts'
import { createUserAgent, type Page } from '../../examples/node-app/src/user-agent.ts'

const MAIN = fileURLToPath(new URL('../../examples/cli/src/main.ts', import.meta.url))
let folder = ''
let env: Readonly<Record<string, string>> = {}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'evertoken-cli-'))
  const conditions = ['@evertoken/source', 'node', 'import', 'default']
  const outfile = join(folder, 'orders.mjs')
  await build({ entryPoints: [MAIN], conditions, outfile, bundle: true, format: 'esm', platform: 'node' })
  const [authorizationServer, api] = [await listen(), await listen()]
  const issuer = `http://localhost:${portOf(authorizationServer)}`
  const resource = `http://127.0.0.1:${portOf(api)}`
  const client = { clientId: 'web', clientSecret: 'secret', appUrl: 'http://127.0.0.1' }
  authorizationServer.on(
    'request',
    await createAuthorizationServer({ ...client, issuer, resource, accessTokenSeconds: 1 }),
  )
  api.on('request', createResourceServer({ issuer, audience: resource }))
  env = { ISSUER: issuer, API_URL: resource, XDG_CONFIG_HOME: folder, BROWSER: 'none', PATH: '' }
  return async () => {
    for (const server of [authorizationServer, api]) {
      server.close()
      server.closeAllConnections()
    }
    await rm(folder, { recursive: true, force: true })
  }
})

/** Runs a command. `use` acts as the user on each text that it prints. */
async function run(
  command: string,
  use: (text: string, kill: () => void) => unknown = () => undefined,
  variables = env,
) {
  const child = spawn(process.execPath, [join(folder, 'orders.mjs'), ...command.split(' ')], {
    env: variables,
  })
  let output = ''
  const acts: unknown[] = []
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      acts.push(use(output, () => child.kill('SIGINT')))
    })
  const [code] = (await once(child, 'close')) as [number | null]
  await Promise.all(acts)
  return { code, output }
}

/** Opens an address in the output once, and signs in there. */
function signIn() {
  let page: Promise<Page> | undefined
  return (text: string) => {
    const url = /http:\S+(?=\n)/.exec(text)?.[0]
    if (url) page ??= visitAndSignIn(url)
    return page
  }
}

async function visitAndSignIn(url: string): Promise<Page> {
  const user = createUserAgent()
  return user.submit(await user.visit(url))
}

it('connects in the browser, calls the API, refreshes in two processes at the same time, and disconnects', async () => {
  expect(await run('list')).toEqual({ code: 1, output: 'You are not connected. Run `orders login`.\n' })
  let page: Promise<Page> | undefined
  const use = signIn()
  const login = await run('login', (text) => (page = use(text)))
  expect(login).toEqual({ code: 0, output: expect.stringMatching(/Connected\.\n$/) })
  expect((await page)?.html).toContain('You can close this window')
  expect(await run('status')).toEqual({ code: 0, output: 'active: ada\n' })
  // The access token is valid for 1 second, and the server ends the grant if a refresh token is used twice.
  for (let i = 0; i < 2; i++) {
    const lists = await Promise.all([run('list'), run('list'), run('list')])
    for (const list of lists) expect(list).toEqual({ code: 0, output: expect.stringContaining('A-1042') })
  }
  expect(await run('logout')).toEqual({ code: 0, output: 'Disconnected: revoked\n' })
  expect((await run('list')).code).toBe(1)
  const files = await readdir(join(folder, 'evertoken-orders'))
  expect(files.toSorted()).toEqual(['secret', 'tokens.json'])
  for (const file of files)
    expect((await stat(join(folder, 'evertoken-orders', file))).mode & 0o777).toBe(0o600)
})

it('connects with a device code', async () => {
  let page: Promise<unknown> | undefined
  const login = await run('login --device', (text) => {
    const [, url = '', code = ''] = /Open (\S+) and enter the code (\S+)/.exec(text) ?? []
    if (code) page ??= enterCode(url, code)
    return page
  })
  expect(login).toEqual({ code: 0, output: expect.stringMatching(/Connected\.\n$/) })
  expect(await run('list')).toEqual({ code: 0, output: expect.stringContaining('A-1042') })
})

it('ends with Ctrl+C, and shows its commands', async () => {
  const login = await run('login', (text, kill) => text.includes('open this address') && kill())
  expect(login.code).toBe(130)
  for (const command of ['buy', 'constructor'])
    expect(await run(command)).toEqual({ code: 1, output: expect.stringContaining('Usage: orders') })
  // Without a folder for settings, the one in the home folder is used, and never the current folder.
  const home = { ...env, XDG_CONFIG_HOME: '', HOME: join(folder, 'home') }
  expect((await run('list', () => undefined, home)).output).toContain('You are not connected')
  expect(await readdir(join(folder, 'home', '.config', 'evertoken-orders'))).toContain('secret')
})

/** The three pages of the server: it asks for the code, for a confirmation, and for the sign-in. */
async function enterCode(url: string, code: string): Promise<void> {
  const user = createUserAgent()
  let page = await user.visit(`${url}?user_code=${code}`)
  for (let i = 0; i < 3; i++) page = await user.submit(page)
  expect(page.html).toContain('Return to your device')
}

function listen(): Promise<Server> {
  const server = createServer()
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)))
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port
}
