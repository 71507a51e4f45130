import { customTokenRequest } from '@evertoken/core/requests'
import type { ConnectionProvider } from '@evertoken/core/connections'
import { isLoopback, omitUndefined, type ResolverCall } from '@evertoken/core/adapter'
import { checkEndpoints } from '../discovery/authorization-server.ts'
import { createRequests, type Requests, textsOf } from '../discovery/documents.ts'
import { findServer, type McpServer, profileOf } from '../discovery/find-server.ts'
import { createUrlCheck, wrongServer } from '../discovery/safe-urls.ts'
import { createNotes, type Notes } from './notes.ts'
import type { McpValues } from './options.ts'
import { type ClientIdentity, selectClient } from './select-client.ts'

/** A server and when it was looked up, in seconds since the epoch. */
interface KnownServer extends McpServer {
  readonly foundAt: number
  /** The redirect URI of the latest owner who has begun to connect. A client can be registered with it at another server. */
  readonly redirectUri?: string | undefined
}

/** The age after which a server is looked up again in the background, in seconds. */
const FRESH_SECONDS = 300

/** The URL of an MCP server. */
export interface ServerAddress {
  readonly url: URL
  /** Whether the application has set the URL. Otherwise, a user has named it. */
  readonly isFixed: boolean
}

/**
 * Returns the provider of a connection to an MCP server.
 *
 * The server is looked up when an owner begins to connect. Other calls use the stored result, and look the server up in the
 * background. A server that has moved to another authorization server then needs a new grant.
 *
 * @returns `undefined` if no owner has connected to the server yet.
 */
export async function resolveProvider(
  { url, isFixed }: ServerAddress,
  values: McpValues,
  call: ResolverCall,
): Promise<ConnectionProvider | undefined> {
  const { insecureHosts, fetch, clock, serverTimeoutMs, provider, lookUp, flights, keepAlive } = call
  // Without `baseUrl`, a browser can choose the origin with the header `Host`.
  const local = isFixed ? url.href : call.origin
  const trustsLoopback = local !== undefined && isLoopback(new URL(local).hostname)
  const checkUrl = createUrlCheck(url, { allow: values.allow, insecureHosts, trustsLoopback })
  checkUrl(url, 'URL')
  const requests: Requests = createRequests({ fetch, clock, timeoutMs: serverTimeoutMs, checkUrl })
  const notes: Notes = createNotes(call)
  const note = ['server', provider, url.href]

  const earlier = await notes.read(note)
  const known = earlier.value as KnownServer | undefined

  const find = () => {
    const work = async () => {
      const redirectUri = lookUp?.redirectUri ?? known?.redirectUri
      const result = await findServer(url, requests, true)
      // The owner is absent, and the description can be missing only for now.
      const isLost = known?.isDescribed === true && !result.isDescribed && lookUp?.redirectUri === undefined
      const found: KnownServer = { ...(isLost ? known : result), foundAt: clock.now(), redirectUri }
      // The last written result applies. An owner who has begun to connect precedes a look-up in the background.
      if (!(await earlier.replace(found)) && lookUp) await (await notes.read(note)).replace(found)
      return found
    }
    return flights.join(`mcp server ${JSON.stringify(note)}`, '', work, clock).result
  }

  if (!known && !lookUp) return undefined
  const server = known && lookUp?.redirectUri === undefined ? known : await find()
  if (server === known && clock.now() - known.foundAt > FRESH_SECONDS)
    // The stored facts still apply if the server does not respond.
    keepAlive(find().catch(() => undefined))
  // The application can allow fewer servers than before.
  checkEndpoints(server.metadata, checkUrl)
  // Only a consent needs the scope. Grants that owners have given before still work.
  if (lookUp?.redirectUri !== undefined && values.scope === undefined && server.isScopeWrong)
    throw wrongServer(url, 'its scope is malformed or too long. Set the option `scope`')
  const client = await selectClient(server, isFixed, values, call, notes, requests)
  return client && createProvider(server, values, client)
}

function createProvider(
  mcpServer: McpServer,
  { scope = mcpServer.scope, senderConstraint }: McpValues,
  client: ClientIdentity,
): ConnectionProvider {
  const { resource, metadata } = mcpServer
  const supportsProof = textsOf(metadata['dpop_signing_alg_values_supported']).includes('ES256')
  return {
    ...client,
    server: {
      ...profileOf(mcpServer),
      userInfo: false,
      tokenRequest: customTokenRequest({ codeParameters: { resource }, refreshParameters: { resource } }),
    },
    resource,
    ...omitUndefined({ scope, senderConstraint: supportsProof ? senderConstraint : undefined }),
  }
}
