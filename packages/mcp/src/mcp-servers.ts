import type {
  ConnectionContext,
  ConnectionProvider,
  ConnectionProviders,
  ConnectionProviderResolver,
} from '@evertoken/core/connections'
import { invalid, parseUrl, resolverCallOf, withProviderRoute } from '@evertoken/core/adapter'
import { createClientDocument } from './client/metadata.ts'
import {
  checkMcpOptions,
  type McpClientOptions,
  type McpServersOptions,
  type McpValues,
} from './client/options.ts'
import { resolveProvider, type ServerAddress } from './client/resolve.ts'

/**
 * Creates a provider for any MCP server: a connection names it by its URL, such as `mcp:https://mcp.example.com/mcp`.
 *
 * Evertoken finds the authorization server and registers a client when an owner connects.
 *
 * > **Warning:** The user who chooses the URL makes your server call it. Evertoken refuses private addresses and plain http, but a public
 * name can have a private address. Use `allow`, or a network that cannot reach internal services.
 *
 * @param options - The client, and which servers can be used.
 * @returns A provider for `createConnections`.
 * @throws {ConfigurationError} If an option is missing, unknown or invalid.
 * @example
 *   const client = { clientName: 'Example Agent' }
 *   const connections = createConnections({ auth, providers: { mcp: mcpServers(client) } })
 *   const connection = connections.get(userId, 'mcp:https://mcp.example.com/mcp')
 * @see {@link https://modelcontextprotocol.io/specification/draft/basic/authorization MCP: Authorization}
 */
export function mcpServers(options: McpServersOptions): ConnectionProviderResolver {
  const values = checkMcpOptions(options)
  return createResolver(values, ({ label }) => ({
    url: readServerUrl(label, 'name', 'such as `mcp:https://mcp.example.com/mcp`'),
    isFixed: false,
  }))
}

/**
 * Creates a provider for one MCP server.
 *
 * @param url - The URL of the server.
 * @param options - The client.
 * @returns A provider for `createConnections`.
 * @throws {ConfigurationError} If the URL or an option is invalid.
 * @example
 *   const linear = mcpServer('https://mcp.linear.app/mcp', { clientName: 'Example Agent' })
 *   const connections = createConnections({ auth, providers: { linear } })
 *   const connection = connections.get(userId, 'linear')
 * @see {@link https://modelcontextprotocol.io/specification/draft/basic/authorization MCP: Authorization}
 */
export function mcpServer(url: string, options: McpClientOptions): ConnectionProviderResolver {
  const server = readServerUrl(url, 'url', 'without a fragment')
  const values = checkMcpOptions(options)
  return createResolver(values, () => ({ url: server, isFixed: true }))
}

/** @throws {ConfigurationError} If it is not the URL of a server. */
function readServerUrl(value: unknown, option: string, hint: string): URL {
  const url = typeof value === 'string' && !value.includes('#') ? parseUrl(value) : undefined
  if (!url) throw invalid(option, `must have the URL of an MCP server, ${hint}`)
  return url
}

/** The clients of the provider functions, so that one document has the redirect URIs of all that share it. */
const clients = new WeakMap<object, McpValues>()

function createResolver(
  values: McpValues,
  addressOf: (context: ConnectionContext) => ServerAddress,
): ConnectionProviderResolver {
  async function resolve(context: ConnectionContext): Promise<ConnectionProvider | undefined> {
    const call = resolverCallOf(context)
    if (!call)
      throw invalid('providers', 'must contain the result of this function, which only connections can call')
    return resolveProvider(addressOf(context), values, call)
  }
  const { clientMetadataUrl } = values
  clients.set(resolve, values)
  if (clientMetadataUrl === undefined) return resolve
  const path = new URL(clientMetadataUrl).pathname
  return withProviderRoute(resolve, (request) => {
    if (!request.url.endsWith(path) || new URL(request.url).pathname !== path) return undefined
    return (providers, redirectUriOf) =>
      Response.json(
        createClientDocument(values, redirectUrisOf(clientMetadataUrl, providers, redirectUriOf)),
        {
          headers: { 'cache-control': 'public, max-age=300' },
        },
      )
  })
}

function redirectUrisOf(
  documentUrl: string,
  providers: ConnectionProviders,
  redirectUriOf: (provider: string) => string,
): readonly string[] {
  const shares = (provider: object) => clients.get(provider)?.clientMetadataUrl === documentUrl
  const names = Object.keys(providers).filter((name) => shares(providers[name] as object))
  return names.map(redirectUriOf)
}
