import { SignInRequiredError } from '@evertoken/node'
import type { Connections } from '@evertoken/node/connections'
import { mcpFetch } from '@evertoken/mcp'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'

/** What an agent can use at one server: its tools, or the link where the user connects the server. */
export type Access =
  | { readonly server: string; readonly tools: readonly string[] }
  | { readonly server: string; readonly connect: string }

export interface Agent {
  /** Resolves to the tools of all servers that the agent can use for a user. */
  listTools(user: string): Promise<readonly Access[]>
  /** Calls a tool for a user. */
  callTool(user: string, server: string, name: string, parameters: Record<string, unknown>): Promise<unknown>
}

/**
 * Creates an agent that uses several MCP servers for each user.
 *
 * @param servers - The URLs of the MCP servers.
 * @param connections - The grants of the users.
 */
export function createAgent(servers: readonly string[], connections: Connections<'mcp'>): Agent {
  /** Connects to a server as a user. The token is current for each message, however long the work takes. */
  async function connect(user: string, server: string): Promise<Client> {
    if (!servers.includes(server)) throw new Error('The agent does not use this server.')
    const connection = connections.get(user, `mcp:${server}`)
    const transport = new StreamableHTTPClientTransport(new URL(server), {
      fetch: mcpFetch(connection, server),
    })
    const mcp = new Client({ name: 'example-agent', version: '1.0.0' })
    await mcp.connect(transport)
    return mcp
  }

  async function accessTo(server: string, user: string): Promise<Access> {
    try {
      const mcp = await connect(user, server)
      const { tools } = await mcp.listTools()
      await mcp.close()
      return { server, tools: tools.map(({ name }) => name) }
    } catch (error) {
      // The user has not connected the server, or must connect it again.
      if (error instanceof SignInRequiredError && error.url) return { server, connect: error.url }
      throw error
    }
  }

  return {
    listTools: (user) => Promise.all(servers.map((server) => accessTo(server, user))),
    async callTool(user, server, name, parameters) {
      const mcp = await connect(user, server)
      try {
        return await mcp.callTool({ name, arguments: parameters })
      } finally {
        await mcp.close()
      }
    },
  }
}
