/**
 * Runs the example for another runtime next to the servers of `examples/node-app`, which must be built:
 * `node scripts/run-example.mjs deno` (or `bun`, or `cloudflare-worker`), on `PORT` or 3000.
 */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import { createAuthorizationServer } from '../examples/node-app/dist/authorization-server.js'
import { createResourceServer } from '../examples/node-app/dist/resource-server.js'
import { RUNTIMES } from './runtimes.mjs'
import { ensureBun, ensureDeno } from './tools.mjs'

const COMMANDS = {
  deno: async () => [await ensureDeno(RUNTIMES.deno), 'task', 'start'],
  bun: async () => [await ensureBun(RUNTIMES.bun), '--conditions=@evertoken/source', 'main.ts'],
  'cloudflare-worker': () => [process.execPath, 'start.mjs'],
}
const example = process.argv[2]
const [command, ...args] = await (COMMANDS[example] ?? usage)()

const { PORT = '3000' } = process.env
const [authorizationServer, resourceServer] = [await listen(), await listen()]
// Another host name than the application's: cookies do not know ports.
const issuer = `http://localhost:${authorizationServer.address().port}`
const apiUrl = `http://127.0.0.1:${resourceServer.address().port}`
const client = { clientId: 'example', clientSecret: randomBytes(32).toString('base64url') }
authorizationServer.on(
  'request',
  await createAuthorizationServer({
    ...client,
    issuer,
    appUrl: `http://127.0.0.1:${PORT}`,
    resource: apiUrl,
    accessTokenSeconds: 10,
  }),
)
resourceServer.on('request', createResourceServer({ issuer, audience: apiUrl }))

const env = {
  ...process.env,
  ISSUER: issuer,
  CLIENT_ID: client.clientId,
  CLIENT_SECRET: client.clientSecret,
  // Constant, so that sessions of the last run can be opened. Never do that where others could sign in.
  SESSION_SECRET: 'a secret for this machine, used once',
  API_URL: apiUrl,
  PORT,
}
const cwd = fileURLToPath(new URL(`../examples/${example}`, import.meta.url))
const app = spawn(command, args, { cwd, env, stdio: 'inherit' })
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => app.kill(signal))
app.once('close', (code) => process.exit(code ?? 0))

function listen() {
  const server = createServer()
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => resolve(server))
  })
}

function usage() {
  console.error(`usage: node scripts/run-example.mjs ${Object.keys(COMMANDS).join('|')}`)
  process.exit(2)
}
