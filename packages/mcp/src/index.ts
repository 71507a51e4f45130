/**
 * MCP servers that users connect: sign-in, stored grants, and current tokens for the SDKs.
 *
 * @module
 */
export type { McpClientOptions, McpRegistration, McpServersOptions } from './client/options.ts'
export { type DiscoveredServer, discoverMcpServer, type DiscoverOptions } from './discover.ts'
export { mcpServer, mcpServers } from './mcp-servers.ts'
export { mcpAuthProvider, type McpAuthProvider } from './sdk/auth-provider.ts'
export { mcpFetch, type McpFetchOptions } from './sdk/mcp-fetch.ts'
export {
  type McpDiscoveryState,
  mcpOAuthClientProvider,
  type McpOAuthClientProvider,
  type McpOAuthClientProviderOptions,
  type McpTokens,
} from './sdk/oauth-client-provider.ts'
export type { McpConnection } from './sdk/owner-must-act.ts'
