import type { ServerProfile } from '@evertoken/core'
import { type AuthorizationServerMetadata, findServerMetadata } from './authorization-server.ts'
import { isUsableScope, type Requests, textsOf } from './documents.ts'
import { probe } from './probe.ts'
import { findResourceMetadata } from './resource-metadata.ts'
import { wrongServer } from './safe-urls.ts'

/** An MCP server and the authorization server that issues its tokens. Plain data, so that a store can keep it. */
export interface McpServer {
  /** The value of the parameter `resource`. */
  readonly resource: string
  readonly metadata: AuthorizationServerMetadata
  /** The scope that the server asks for. `undefined` if it names none, or one that cannot be requested. */
  readonly scope: string | undefined
  /** Whether the server asks for a scope that cannot be requested. */
  readonly isScopeWrong?: true
  /** Whether the server describes itself (RFC 9728). Otherwise, it is assumed to be its own authorization server. */
  readonly isDescribed: boolean
}

/**
 * Finds the authorization server of an MCP server.
 *
 * @param isForUsers - Whether users sign in there.
 * @throws {ConfigurationError} If the server does not use OAuth, or one of its documents is wrong.
 */
export async function findServer(url: URL, requests: Requests, isForUsers: boolean): Promise<McpServer> {
  requests.checkUrl(url, 'URL')
  const found = await probe(url, requests)
  const described = await findResourceMetadata(url, found.metadataUrl, requests)
  if (!described) return findLegacyServer(url, found, requests, isForUsers)
  const { resource, issuer, scopes } = described
  const metadata = await findServerMetadata(issuer, url, requests, { isForUsers })
  if (!metadata) throw wrongServer(url, 'its authorization server publishes no metadata')
  const scope = scopeOf(found.scope ?? scopes.join(' '), metadata)
  return { resource, metadata, ...checkScope(scope), isDescribed: true }
}

/** Returns the profile of the authorization server. Its metadata is checked already, so it is not fetched again. */
export function profileOf({ metadata }: McpServer): ServerProfile {
  const { issuer, ...endpoints } = metadata
  // The SDKs do not encode them, so a server that works with the SDKs might not decode them.
  return { issuer, metadata: endpoints, defaultScope: '', basicCredentials: 'plain' }
}

/** Servers of the specification of 2025-03-26 are their own authorization server, and have no resource metadata. */
async function findLegacyServer(
  url: URL,
  { scope, isTokenRequired }: Awaited<ReturnType<typeof probe>>,
  requests: Requests,
  isForUsers: boolean,
): Promise<McpServer> {
  const { origin } = url
  const resource = url.href.replace(/#.*/, '')
  const isOwn = (named: string) => named.replace(/\/$/, '') === origin
  const metadata = await findServerMetadata(origin, url, requests, { isIssuer: isOwn, isForUsers })
  if (metadata)
    return { resource, metadata, ...checkScope(scopeOf(scope ?? '', metadata)), isDescribed: false }
  if (!isTokenRequired) throw wrongServer(url, 'it asks for no token and publishes no metadata')
  const endpoints = {
    issuer: origin,
    authorization_endpoint: `${origin}/authorize`,
    token_endpoint: `${origin}/token`,
    registration_endpoint: `${origin}/register`,
  }
  return { resource, metadata: endpoints, ...checkScope(scope ?? ''), isDescribed: false }
}

/** Asks for `offline_access` only if the authorization server lists it, because others refuse it. */
function scopeOf(scope: string, metadata: AuthorizationServerMetadata): string {
  const values = new Set(scope.split(' ').filter(Boolean))
  if (textsOf(metadata['scopes_supported']).includes('offline_access')) values.add('offline_access')
  else values.delete('offline_access')
  return [...values].join(' ')
}

function checkScope(scope: string): Pick<McpServer, 'scope' | 'isScopeWrong'> {
  return isUsableScope(scope) ? { scope: scope || undefined } : { scope: undefined, isScopeWrong: true }
}
