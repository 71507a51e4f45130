// An agent that uses the MCP servers which its user has connected: known ones, and any URL the user adds.
// Closest peer: the SDK's own OAuthClientProvider: nine methods to write per server and user, which store the refresh token
// as they get it: two runs of an agent at once use it twice, and the server ends the grant.
import { Client } from '@modelcontextprotocol/client'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { Client as Client1 } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as Transport1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { evertoken, type SessionStore, SignInRequiredError } from '@evertoken/node'
import { createConnections } from '@evertoken/node/connections'
import { mcpAuthProvider, mcpOAuthClientProvider, mcpServer, mcpServers } from '@evertoken/mcp'

declare const redis: SessionStore

export const auth = evertoken({
  issuer: 'https://login.example.com',
  clientId: 'agents',
  clientSecret: process.env.CLIENT_SECRET,
  encryptionSecret: process.env.SESSION_SECRET,
  session: 'server',
  store: redis,
})
const client = { clientName: 'Example Agent', clientMetadataUrl: 'https://app.example.com/oauth-client.json' }
export const connections = createConnections({
  auth, // the owner is the signed-in user
  providers: { linear: mcpServer('https://mcp.linear.app/mcp', client), mcp: mcpServers(client) },
})

// In a background run: the user is known by name, and nobody is at the browser.
export async function listTools(user: string, serverUrl: string): Promise<string[] | { connect: string }> {
  const connection = connections.get(user, `mcp:${serverUrl}`)
  const transport = new StreamableHTTPClientTransport(new URL(serverUrl), {
    authProvider: mcpAuthProvider(connection),
  })
  const mcp = new Client({ name: 'example-agent', version: '1.0.0' })
  try {
    await mcp.connect(transport)
    const { tools } = await mcp.listTools()
    return tools.map(({ name }) => name)
  } catch (error) {
    if (error instanceof SignInRequiredError && error.url) return { connect: error.url } // shown in the chat as a link
    throw error
  }
}

// The same with SDK 1.x, by its provider interface or by nothing but a `fetch`.
export async function withSdk1(user: string): Promise<void> {
  const url = new URL('https://mcp.linear.app/mcp')
  const connection = connections.get(user, 'linear')
  const mcp = new Client1({ name: 'example-agent', version: '1.0.0' })
  await mcp.connect(new Transport1(url, { authProvider: mcpOAuthClientProvider(connection) }))
  await mcp.close()
  const bare = new Transport1(url, {
    fetch: connection.createTokenFetch({ baseUrl: url.href, throwTokenErrors: true }),
  })
  await new Client1({ name: 'example-agent', version: '1.0.0' }).connect(bare)
}
