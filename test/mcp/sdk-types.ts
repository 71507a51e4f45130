// Compiled against the real types of the SDKs: they must accept the providers unchanged.
import { StreamableHTTPClientTransport as ClientTransport } from '@modelcontextprotocol/client'
import { StreamableHTTPClientTransport as SdkTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { OAuthClientProvider as SdkProvider } from '@modelcontextprotocol/sdk/client/auth.js'
import { createMCPClient, type OAuthClientProvider as AiProvider } from '@ai-sdk/mcp'
import { mcpAuthProvider, mcpFetch, mcpOAuthClientProvider, type McpConnection } from '@evertoken/mcp'

declare const connection: McpConnection
const href = 'https://mcp.example.com/mcp'
const url = new URL(href)
const fetch = mcpFetch(connection, url)

export const sdk: SdkProvider = mcpOAuthClientProvider(connection)
export const ai: AiProvider = mcpOAuthClientProvider(connection)
export const transports = [
  new SdkTransport(url, { authProvider: sdk }),
  new SdkTransport(url, { fetch }),
  new ClientTransport(url, { authProvider: mcpAuthProvider(connection) }),
  new ClientTransport(url, { fetch }),
]
export const clients = [
  createMCPClient({ transport: { type: 'http', url: href, authProvider: ai } }),
  createMCPClient({ transport: { type: 'http', url: href, fetch } }),
]
