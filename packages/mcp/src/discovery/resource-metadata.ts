import { parseUrl } from '@evertoken/core/adapter'
import { type Requests, textsOf } from './documents.ts'
import { wrongServer } from './safe-urls.ts'

/** The parts of the metadata of an MCP server that are used (RFC 9728 §2). */
export interface ResourceMetadata {
  /** The identifier, exactly as the server publishes it. */
  readonly resource: string
  /** The first authorization server. */
  readonly issuer: string
  readonly scopes: readonly string[]
}

const WELL_KNOWN = '/.well-known/oauth-protected-resource'

/**
 * Finds the metadata of an MCP server: at the URL of the challenge, otherwise at the well-known URLs.
 *
 * @param named - The URL of the challenge.
 * @returns `undefined` if the server has none.
 * @throws {ConfigurationError} If the metadata is of another resource, or has no authorization server.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9728#section-3 RFC 9728, section 3: Obtaining Protected Resource Metadata}
 */
export async function findResourceMetadata(
  server: URL,
  named: string | undefined,
  { get, checkUrl }: Requests,
): Promise<ResourceMetadata | undefined> {
  for (const url of named === undefined ? wellKnownUrls(server) : [named]) {
    const document = await get(url, 'URL of the resource metadata')
    if (!document) continue
    const { resource, authorization_servers: servers, scopes_supported: scopes } = document
    if (typeof resource !== 'string' || !isResourceOf(resource, server))
      throw wrongServer(server, 'the `resource` in its metadata is not this server')
    const [issuer] = textsOf(servers)
    if (issuer === undefined) throw wrongServer(server, 'its metadata names no authorization server')
    checkUrl(issuer, 'authorization server')
    return { resource, issuer, scopes: textsOf(scopes) }
  }
  if (named !== undefined) throw wrongServer(server, 'its metadata could not be read')
  return undefined
}

/** The path of the server comes after the well-known path (RFC 9728 §3.1). The root is for servers that describe only their host. */
function wellKnownUrls({ origin, pathname }: URL): readonly string[] {
  const path = pathname.replace(/\/$/, '')
  return [...new Set([`${origin}${WELL_KNOWN}${path}`, `${origin}${WELL_KNOWN}`])]
}

/** Whether a resource is the server itself or contains it. Otherwise, its token could be used at another server. */
export function isResourceOf(resource: string, server: URL): boolean {
  const url = parseUrl(resource)
  if (!url || url.origin !== server.origin || resource.includes('#')) return false
  const directory = url.pathname.replace(/\/?$/, '/')
  return url.search === '' ? `${server.pathname}/`.startsWith(directory) : url.href === server.href
}
