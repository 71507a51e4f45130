import * as oauth from 'oauth4webapi'
import type { Registration } from '../../model/session-record.ts'
import type { ServerDialect } from '../../ports/dialect.ts'
import type { SenderConstraint, TokenBinding } from '../../ports/token-binding.ts'
import type { ServerVerdict } from '../../rules/refresh/verdicts.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Flights } from '../../ports/flights.ts'
import type { KeepAlive } from '../../ports/runtime.ts'
import type { Http } from './http.ts'
import type { ServerClock } from './server-clock.ts'
import {
  type ClientAuthenticator,
  type ClientAuthenticatorOptions,
  createClientAuthenticator,
} from './client-authentication.ts'
import { createMetadataCache } from './metadata-cache.ts'
import { connectConstraint } from './sender-constraint.ts'
import type { TokenResponseRules } from '../../rules/protocol/token-response.ts'
import { isJsonObject } from '../../rules/members.ts'
import { expectedIssuer, type IssuerRules, refuseIssuer } from '../../rules/protocol/issuer.ts'
import type { ServerAddresses } from '../../rules/protocol/server-addresses.ts'
import { redact } from '../runtime/redact.ts'
import { EvertokenError } from '../../vocabulary/index.ts'
import { metadataNotReceived, metadataRefused, wrongIssuer, wrongMetadata } from './discovery-errors.ts'

export interface ConnectionOptions extends DiscoveryOptions, ClientAuthenticatorOptions {
  /** Sends requests whose response may carry a refresh token. Waits longer for the response than any caller waits. */
  readonly patientHttp: Http
  readonly serverClock: ServerClock
  readonly clientId: string
  readonly responseRules: TokenResponseRules
  /** How the values of a scope are separated in requests. */
  readonly scopeSeparator: string
  readonly verdicts?: readonly ServerVerdict[] | undefined
  readonly dialect?: ServerDialect | undefined
  readonly senderConstraint?: SenderConstraint | undefined
  readonly flights: Flights
}

/** The dependencies of every request to the authorization server. */
export interface Connection {
  readonly registration: Registration
  readonly client: oauth.Client
  readonly authenticator: ClientAuthenticator
  readonly wire: Wire
  readonly patientWire: Wire
  readonly clock: Clock
  readonly serverClock: ServerClock
  readonly responseRules: TokenResponseRules
  readonly scopeSeparator: string
  /** What error responses of the server mean. */
  readonly verdicts: readonly ServerVerdict[]
  readonly dialect: ServerDialect
  /** Binds the tokens to keys of the client. Absent if they are not bound. */
  readonly binding: TokenBinding | undefined
  /** Sends a request without side effects. Rejects if the server does not respond. */
  sendProbe(): Promise<unknown>
  /**
   * Returns the metadata of the server. Sends a request only if it is not known yet.
   *
   * @throws {TryLaterError | ConfigurationError} If the metadata is not available.
   */
  fetchMetadata(keepAlive?: KeepAlive): Promise<oauth.AuthorizationServer>
  /**
   * Returns the metadata with the issuer that a token or response must have. It differs only if the issuer is a template.
   *
   * @param iss - The issuer that the token or response names.
   */
  metadataFor(metadata: oauth.AuthorizationServer, iss: unknown): oauth.AuthorizationServer
}

export function createConnection(
  options: ConnectionOptions,
  client: oauth.Client = { client_id: options.clientId },
): Connection {
  const { flights, clock, serverClock, issuer, metadata, responseRules, scopeSeparator } = options
  const { verdicts = [], dialect = {}, senderConstraint } = options
  const wireOf = (http: Http): Wire => ({
    [oauth.customFetch]: http,
    // `http` decides which URLs are safe.
    [oauth.allowInsecureRequests]: true,
  })
  const wire = wireOf(options.http)
  const cache = createMetadataCache({
    discover: () => discoverMetadata(options),
    flights,
    clock,
    random: options.random,
  })
  return {
    registration: { issuer, clientId: options.clientId },
    client,
    authenticator: createClientAuthenticator(options),
    wire,
    patientWire: wireOf(options.patientHttp),
    clock,
    serverClock,
    responseRules,
    scopeSeparator,
    verdicts,
    dialect,
    binding: senderConstraint && connectConstraint(senderConstraint, options),
    sendProbe() {
      // A process that has no metadata needs it soon in any case.
      const isCheap = cache.isKnown() || typeof metadata === 'object'
      return isCheap ? options.http(probeUrl(options)) : cache.get()
    },
    fetchMetadata: cache.get,
    metadataFor(server, iss) {
      const expected = expectedIssuer(server.issuer, iss, options.tenants)
      return expected === server.issuer ? server : { ...server, issuer: expected }
    },
  }
}

/** Returns a URL of the server. Any response from it shows that the server responds, and the time of the server. */
function probeUrl({ issuer, metadata, endpoints }: DiscoveryOptions): string {
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

/** Options for the HTTP requests of oauth4webapi. */
export interface Wire {
  readonly [oauth.customFetch]: Http
  readonly [oauth.allowInsecureRequests]: boolean
}

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

/** Finds the metadata of the authorization server, and compares the issuer. */
async function discoverMetadata(options: DiscoveryOptions): Promise<oauth.AuthorizationServer> {
  const { issuer, metadata: known, signsIn, addresses, endpoints } = options
  const { isSafe } = addresses
  if (!isSafe(issuer)) throw wrongMetadata('`issuer` is not on https.')
  const found = typeof known === 'object' ? { ...known, issuer } : await fetchMetadata(options, known)
  const metadata = { ...found, ...endpoints } as oauth.AuthorizationServer
  const onlyForSignIn = signsIn ? (['authorization_endpoint'] as const) : []
  for (const name of [...onlyForSignIn, 'token_endpoint'] as const)
    if (!isSafe(metadata[name]))
      throw wrongMetadata(`Its \`${name}\` is missing or not on https. Set \`server.metadata\`.`)
  return metadata
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
  const refused = refuseIssuer(metadata['issuer'], options)
  if (refused === 'other_issuer') throw wrongIssuer(metadata['issuer'], issuer, tried[0])
  if (refused === 'tenants_missing')
    throw wrongMetadata(
      'Its issuer is a template. List the tenants whose users can sign in, in `server.tenants`.',
    )
  return metadata as oauth.AuthorizationServer
}
