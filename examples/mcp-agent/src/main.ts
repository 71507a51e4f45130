import { createServer } from 'node:http'
import { evertoken } from '@evertoken/node'
import { createConnections } from '@evertoken/node/connections'
import { createFileStore } from '@evertoken/node/file-store'
import { mcpServers } from '@evertoken/mcp'
import { createAgent } from './agent.ts'

const { ISSUER = '', CLIENT_ID = '', CLIENT_SECRET = '', MCP_SERVERS = '' } = process.env
const { AUTHORIZATION_SERVERS = '' } = process.env
const { BASE_URL = 'http://localhost:3000', STORE = './grants/tokens.json' } = process.env
const servers = MCP_SERVERS.split(',').filter(Boolean)

const auth = evertoken({
  issuer: ISSUER,
  clientId: CLIENT_ID,
  clientSecret: CLIENT_SECRET,
  encryptionSecret: process.env.SESSION_SECRET,
  baseUrl: BASE_URL,
  session: 'server',
  // Processes on one machine share it. On several machines, use Redis or PostgreSQL.
  store: createFileStore({ path: STORE }),
})
const connections = createConnections({
  auth,
  providers: { mcp: mcpServers({ clientName: 'Example Agent', allow: isAllowed }) },
})
const agent = createAgent(servers, connections)

/** A user can write any URL into a link. The agent calls only these servers. */
function isAllowed({ origin }: URL): boolean {
  return [...servers, ...AUTHORIZATION_SERVERS.split(',').filter(Boolean)].some(
    (url) => new URL(url).origin === origin,
  )
}

/** Shows the tools of the agent, and the links to the servers that the user has yet to connect. */
async function showTools(): Promise<Response> {
  const user = await auth.getUser()
  if (!user) return auth.redirectToLogin({ returnTo: '/' })
  return Response.json(await agent.listTools(String(user.sub)))
}

createServer(auth.listener(async (request) => (await connections.route(request)) ?? showTools())).listen(
  Number(new URL(BASE_URL).port || 3000),
  '127.0.0.1',
)
