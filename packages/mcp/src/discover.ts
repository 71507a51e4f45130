import { ConfigurationError, type ServerProfile } from '@evertoken/core'
import {
  checkAll,
  type Checked,
  hook,
  isLoopback,
  must,
  type OptionTable,
  parseUrl,
  systemClock,
} from '@evertoken/core/adapter'
import { createRequests } from './discovery/documents.ts'
import { findServer, profileOf } from './discovery/find-server.ts'
import { createUrlCheck } from './discovery/safe-urls.ts'

/** How an MCP server is looked up. */
export interface DiscoverOptions {
  /**
   * Whether a URL can be used: that of the MCP server, and those that its documents name.
   *
   * @default all public servers
   */
  readonly allow?: (url: URL) => boolean
  /**
   * Hosts that can use plain http and private addresses.
   *
   * @default [], which allows them only if the MCP server is on loopback
   */
  readonly insecureHosts?: readonly string[]
  /**
   * The `fetch` for the requests.
   *
   * @default the `fetch` of the runtime
   */
  readonly fetch?: typeof globalThis.fetch
  /**
   * How long each request may take, in seconds.
   *
   * @default 10
   */
  readonly serverTimeoutSeconds?: number
}

/** An MCP server whose authorization server is known. */
export interface DiscoveredServer {
  /** The authorization server, for the option `server`. */
  readonly server: ServerProfile
  /** The identifier of the MCP server, for the option `resource`. */
  readonly resource: string
  /** The scope that the MCP server asks for. `undefined` if it names none, or one that cannot be requested. */
  readonly scope: string | undefined
}

type Values = Checked<DiscoverOptions, 'allow' | 'fetch'>

const OPTIONS: OptionTable<Values> = {
  allow: [hook],
  insecureHosts: [must('be a list of host names', (value) => Array.isArray(value)), []],
  fetch: [hook],
  serverTimeoutSeconds: [must('be a positive number', (value: unknown) => Number(value) > 0), 10],
}

/**
 * Finds the authorization server of an MCP server, for services that sign in as themselves. Connections do it automatically.
 *
 * @param url - The URL of the MCP server.
 * @param options - Which servers can be used.
 * @returns The options for `createClientTokens`.
 * @throws {ConfigurationError} If an option is invalid, the server does not use OAuth, or one of its documents is wrong.
 * @throws {TryLaterError} If a server does not respond.
 * @example
 *   const { server, resource, scope } = await discoverMcpServer('https://mcp.example.com/mcp')
 *   console.log(server.issuer, resource, scope)
 * @see {@link https://www.rfc-editor.org/rfc/rfc9728#section-5 RFC 9728, section 5: Use of WWW-Authenticate}
 */
export async function discoverMcpServer(
  url: string,
  options: DiscoverOptions = {},
): Promise<DiscoveredServer> {
  const { allow, insecureHosts, fetch, serverTimeoutSeconds } = checkAll<Values>(OPTIONS, options)
  const server = parseUrl(url)
  if (!server) throw new ConfigurationError('invalid_option', 'The URL of the MCP server must be absolute.')
  const checkUrl = createUrlCheck(server, {
    allow,
    insecureHosts,
    trustsLoopback: isLoopback(server.hostname),
  })
  const timeoutMs = serverTimeoutSeconds * 1000
  const requests = createRequests({ fetch, clock: systemClock, timeoutMs, checkUrl })
  const found = await findServer(server, requests, false)
  return { server: profileOf(found), resource: found.resource, scope: found.scope }
}
