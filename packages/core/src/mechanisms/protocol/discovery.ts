import type * as oauth from 'oauth4webapi'
import type { Http } from './http.ts'
import { isJsonObject } from '../../rules/members.ts'
import { type IssuerRules, refuseIssuer } from '../../rules/protocol/issuer.ts'
import type { ServerAddresses } from '../../rules/protocol/server-addresses.ts'
import { redact } from '../runtime/redact.ts'
import { EvertokenError } from '../../vocabulary/index.ts'
import { metadataNotReceived, metadataRefused, wrongIssuer, wrongMetadata } from './discovery-errors.ts'

/** Configured metadata. */
export interface KnownMetadata {
  readonly token_endpoint: string
  readonly [member: string]: unknown
}

export interface DiscoveryOptions extends IssuerRules {
  /** The URL of the metadata, or the metadata itself. Default: the well-known URL. */
  readonly metadata?: string | KnownMetadata | undefined
  /** Whether users sign in at the server, so that its metadata must name the `authorization_endpoint`. */
  readonly signsIn?: boolean | undefined
  readonly http: Http
  readonly addresses: ServerAddresses
  /** Members that complete or replace the metadata. */
  readonly endpoints?: Partial<KnownMetadata> | undefined
}

/** Replaces endpoints by those that the client needs, such as the aliases for certificates. */
export type AdaptMetadata = (metadata: oauth.AuthorizationServer) => oauth.AuthorizationServer

/** Finds the metadata of the authorization server, and compares the issuer. Configured endpoints replace all others. */
export async function discoverMetadata(
  options: DiscoveryOptions & { readonly adaptMetadata: AdaptMetadata },
): Promise<oauth.AuthorizationServer> {
  const { issuer, metadata: known, signsIn, addresses, endpoints, adaptMetadata } = options
  if (!addresses.isSafe(issuer)) throw wrongMetadata('`issuer` is not on https.')
  const found =
    typeof known === 'object'
      ? withCheckedIssuer({ issuer, ...known }, options)
      : await fetchMetadata(options, known)
  const complete = { ...withoutBrokenMembers(found), ...endpoints } as oauth.AuthorizationServer
  const metadata = { ...adaptMetadata(complete), ...endpoints } as oauth.AuthorizationServer
  if (signsIn) requireEndpoint(metadata, 'authorization_endpoint', addresses)
  requireEndpoint(metadata, 'token_endpoint', addresses)
  return metadata
}

/** @throws {ConfigurationError} If the metadata has no such endpoint on https. */
export function requireEndpoint(
  metadata: oauth.AuthorizationServer,
  name: 'authorization_endpoint' | 'token_endpoint' | 'device_authorization_endpoint',
  { isSafe }: Pick<ServerAddresses, 'isSafe'>,
): string {
  const endpoint = metadata[name]
  if (endpoint !== undefined && isSafe(endpoint)) return endpoint
  throw wrongMetadata(`Its \`${name}\` is missing or not on https. Set \`server.metadata\`.`)
}

/**
 * Returns the metadata without members that are `null`, and without members that should be a list. Some servers write an endpoint
 * or a list that they do not have as `null`. Code that reads one after a token request must not fail, because only this
 * process has the new refresh token.
 */
function withoutBrokenMembers(
  metadata: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const isUsable = ([name, value]: readonly [string, unknown]) =>
    value !== null && (!name.endsWith('_supported') || Array.isArray(value) || typeof value === 'boolean')
  return Object.fromEntries(Object.entries(metadata).filter(isUsable))
}

/** Fetches the metadata from `url`, or from the URLs of OpenID Connect Discovery 1.0 §4 and RFC 8414 §3.1. */
async function fetchMetadata(
  options: DiscoveryOptions,
  url: string | undefined,
): Promise<oauth.AuthorizationServer> {
  const { issuer, http } = options
  const request = (each: string) =>
    http(each, { headers: { accept: 'application/json' } }).catch((error: unknown) => {
      throw error instanceof EvertokenError ? error : metadataNotReceived(each, redact(error))
    })
  const tried = [url ?? openidMetadataUrl(issuer)] as [string, ...string[]]
  let response = await request(tried[0])
  if (url === undefined && response.status === 404) {
    tried.unshift(rfc8414MetadataUrl(issuer))
    response = await request(tried[0])
  }
  const metadata: unknown = response.status === 200 ? await response.json().catch(() => undefined) : undefined
  if (!isJsonObject(metadata) || typeof metadata['issuer'] !== 'string')
    throw metadataRefused(tried, response)
  return withCheckedIssuer(metadata, options, tried[0])
}

/** @param url - Where the metadata is from. By default, it is in the options. */
function withCheckedIssuer(
  metadata: Readonly<Record<string, unknown>>,
  options: DiscoveryOptions,
  url?: string,
): oauth.AuthorizationServer {
  const named = String(metadata['issuer'])
  const refused = refuseIssuer(named, options)
  if (refused === 'other_issuer') throw wrongIssuer(named, options.issuer, url)
  if (refused === 'tenants_missing')
    throw wrongMetadata('Its issuer is a template. List the tenants in `server.tenants`.')
  return metadata as { readonly issuer: string }
}

/** Returns a URL of the server. Any response from it shows that the server responds, and the time of the server. */
export function probeUrl({ issuer, metadata, endpoints }: DiscoveryOptions): string {
  if (typeof metadata === 'string') return metadata
  // A server whose metadata is configured may have no document at the well-known URL.
  if (metadata !== undefined) return endpoints?.token_endpoint ?? metadata.token_endpoint
  return openidMetadataUrl(issuer)
}

function openidMetadataUrl(issuer: string): string {
  return `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
}

function rfc8414MetadataUrl(issuer: string): string {
  const { origin, pathname } = new URL(issuer)
  return `${origin}/.well-known/oauth-authorization-server${pathname.replace(/\/$/, '')}`
}
