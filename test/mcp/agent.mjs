import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { createMemoryStore } from '@evertoken/node'
import { createConnections } from '@evertoken/node/connections'
import { mcpServers } from '@evertoken/mcp'
import { createShiftableClock } from '@evertoken/testkit'
import { createAgent } from '../../examples/mcp-agent/dist/agent.js'
import { startOidcProvider } from '../integration/oidc-provider.mjs'
import { fetchWithClock } from './sdks.mjs'
import { startMcpServer } from './servers.mjs'
import { folderOf, SDK } from './versions.mjs'

const RUNS = 10
const sdk = async (path) => import(pathToFileURL(join(await folderOf(SDK), `dist/esm/${path}`)))

/** Runs the example agent for two users, each with three MCP servers at one strict authorization server. */
export async function runAgent() {
  const server = await startOidcProvider()
  const mcps = await Promise.all([1, 2, 3].map(() => startMcpServer(sdk, server.issuer, server.verify)))
  try {
    const problem = await findProblem(
      server,
      mcps.map(({ url }) => url),
    ).catch((error) => String(error?.stack))
    return [{ run: 'example', scenario: 'an agent with three servers for each of two users', problem }]
  } finally {
    for (const mcp of mcps) mcp.stop()
    server.stop()
  }
}

async function findProblem(server, urls) {
  const { issuer, client } = server
  const clock = createShiftableClock()
  const registrations = [{ issuer, clientId: client.id, clientSecret: client.secret }]
  const connections = createConnections({
    encryptionSecret: 'the secret of the test of the agent, 32',
    store: createMemoryStore(),
    // An application on loopback can use servers there.
    baseUrl: 'http://127.0.0.1:3000',
    clock,
    fetch: fetchWithClock(clock),
    providers: { mcp: mcpServers({ clientName: 'Test', registrations }) },
  })
  const agent = createAgent(urls, connections)
  const before = await agent.listTools('ada')
  if (
    !before.every(
      (access, i) => access.connect === `/connections/${encodeURIComponent(`mcp:${urls[i]}`)}/connect`,
    )
  )
    return `without a connection: ${JSON.stringify(before)}`
  const users = ['ada', 'eve']
  for (const user of users)
    for (const url of urls) {
      const connection = connections.get(user, `mcp:${url}`)
      await connection.save(await server.issue([url]))
      await connection.getAccessToken({ forceRefresh: true }) // a JWT for the MCP server
    }
  clock.advance(3600)
  const sent = server.requests.length
  const runs = Array.from({ length: RUNS }, () => users.map((user) => agent.listTools(user)))
  const accesses = (await Promise.all(runs.flat())).flat()
  const refreshes = server.requests.length - sent
  await connections.drain()
  if (accesses.some(({ tools }) => String(tools) !== 'ping')) return JSON.stringify(accesses)
  return refreshes === users.length * urls.length ? undefined : `${refreshes} refreshes`
}
