import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { SignInRequiredError, createMemoryStore } from '@evertoken/node'
import { createConnections } from '@evertoken/node/connections'
import { mcpAuthProvider, mcpFetch, mcpOAuthClientProvider, mcpServer } from '@evertoken/mcp'
import { createShiftableClock } from '@evertoken/testkit'
import { startOidcProvider } from '../integration/oidc-provider.mjs'
import { startMcpServer } from './servers.mjs'
import { AI, CLIENT, folderOf, SDK } from './versions.mjs'

const CALLS = 20
/** The age after which a rejected token is replaced, in seconds. */
const AGED_SECONDS = 20
const identity = { name: 'test', version: '1.0.0' }

const importFrom = async (name, path) => import(pathToFileURL(join(await folderOf(name), path)))
const sdk = (path) => importFrom(SDK, `dist/esm/${path}`)

/** For each library and way to pass the token, a function that connects a client and resolves to its call. */
const CLIENTS = {
  [`${SDK} authProvider`]: (url, connection) =>
    connectSdk(url, { authProvider: mcpOAuthClientProvider(connection) }),
  [`${SDK} fetch`]: (url, connection) => connectSdk(url, { fetch: mcpFetch(connection, url) }),
  [`${CLIENT} authProvider`]: (url, connection) =>
    connectClient(url, { authProvider: mcpAuthProvider(connection) }),
  [`${CLIENT} fetch`]: (url, connection) => connectClient(url, { fetch: mcpFetch(connection, url) }),
  [`${AI} authProvider`]: (url, connection) =>
    connectAi(url, { authProvider: mcpOAuthClientProvider(connection) }),
  [`${AI} fetch`]: (url, connection) => connectAi(url, { fetch: mcpFetch(connection, url) }),
}
/** These cannot repeat a call whose token was rejected. */
const CANNOT_REPEAT = [`${SDK} authProvider`, `${AI} authProvider`]

async function connectSdk(url, options) {
  const { Client } = await sdk('client/index.js')
  const { StreamableHTTPClientTransport } = await sdk('client/streamableHttp.js')
  const client = new Client(identity)
  await client.connect(new StreamableHTTPClientTransport(new URL(url), options))
  return { call: () => client.callTool({ name: 'ping', arguments: {} }), close: () => client.close() }
}

async function connectClient(url, options) {
  const { Client, StreamableHTTPClientTransport } = await importFrom(CLIENT, 'dist/index.mjs')
  const client = new Client(identity)
  await client.connect(new StreamableHTTPClientTransport(new URL(url), options))
  return { call: () => client.callTool({ name: 'ping', arguments: {} }), close: () => client.close() }
}

async function connectAi(url, options) {
  const { createMCPClient } = await importFrom(AI, 'dist/index.js')
  const client = await createMCPClient({ transport: { type: 'http', url, ...options } })
  const { ping } = await client.tools()
  return { call: () => ping.execute({}, { toolCallId: '1', messages: [] }), close: () => client.close() }
}

/** The server shows its time in each response. It must follow the clock of the test. */
export function fetchWithClock(clock) {
  return async (url, init) => {
    const response = await fetch(url, init)
    const headers = new Headers(response.headers)
    headers.set('date', new Date(clock.now() * 1000).toUTCString())
    return new Response(response.body, { status: response.status, headers })
  }
}

/** Runs each client against a server that ends a grant when a refresh token is used twice. */
export async function runSdks() {
  const rows = await Promise.all(
    Object.entries(CLIENTS).map(async ([name, connect]) => {
      const server = await startOidcProvider()
      const mcp = await startMcpServer(sdk, server.issuer, server.verify)
      try {
        return await runClient(name, connect, server, mcp)
      } finally {
        mcp.stop()
        server.stop()
      }
    }),
  )
  return rows.flat()
}

async function runClient(name, connect, server, mcp) {
  const clock = createShiftableClock()
  const { issuer, client } = server
  const registrations = [{ issuer, clientId: client.id, clientSecret: client.secret }]
  const connections = createConnections({
    encryptionSecret: 'the secret of the test of the SDKs, 32',
    store: createMemoryStore(),
    clock,
    fetch: fetchWithClock(clock),
    providers: { tools: mcpServer(mcp.url, { clientName: 'Test', registrations }) },
  })
  const connection = connections.get('ada', 'tools')
  const rows = []
  const check = (scenario, problem) => rows.push({ run: 'sdk', scenario: `${name}: ${scenario}`, problem })

  const refused = await connect(mcp.url, connection).catch((error) => error)
  const isLink = refused instanceof SignInRequiredError && refused.url === '/connections/tools/connect'
  check('rejects with the link', isLink ? undefined : describe(refused))

  await connection.save(await server.issue([mcp.url]))
  await connection.getAccessToken({ forceRefresh: true }) // a JWT for the MCP server
  const open = await connect(mcp.url, connection)
  const burst = async () => {
    const before = server.requests.length
    const results = await Promise.allSettled(Array.from({ length: CALLS }, open.call))
    const errors = results.flatMap(({ reason }) => (reason ? [reason] : []))
    return { errors, refreshes: server.requests.length - before }
  }
  const isAlive = async () => (await connection.getAccessToken({ forceRefresh: true })) !== undefined

  clock.advance(3600)
  const expired = await burst()
  check(
    `${CALLS} calls with an expired token`,
    expired.errors.length > 0 ? describe(expired.errors[0]) : undefined,
  )
  check('cause one refresh', expired.refreshes === 1 ? undefined : `${expired.refreshes} refreshes`)

  clock.advance(AGED_SECONDS)
  mcp.rejected.add((await connection.getAccessToken()).value)
  const rejected = await burst()
  const isFine = (error) => CANNOT_REPEAT.includes(name) && error.name === 'TryLaterError'
  const wrong = rejected.errors.find((error) => !isFine(error))
  check(`${CALLS} calls with a rejected token`, wrong && describe(wrong))
  check(
    'cause one refresh after a rejection',
    rejected.refreshes === 1 ? undefined : `${rejected.refreshes} refreshes`,
  )
  check('leave a working client', await open.call().then(() => undefined, describe))
  check('keep the grant alive', (await isAlive()) ? undefined : 'the grant has ended')
  await open.close()
  await connections.drain()
  return rows
}

function describe(error) {
  return `${error?.name}: ${error?.message} ${error?.cause ?? ''} ${error?.stack ?? ''}`
}
