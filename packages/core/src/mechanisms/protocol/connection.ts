import * as oauth from 'oauth4webapi'
import type { Registration } from '../../model/session-record.ts'
import type { Clock } from '../../ports/clock.ts'
import type { TokenDialect } from '../../rules/protocol/token-dialect.ts'
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
import { isJsonObject } from '../../rules/members.ts'
import { redact } from '../runtime/redact.ts'
import { ConfigurationError, type RedactedCause, TryLaterError } from '../../vocabulary/index.ts'

export interface ConnectionOptions extends DiscoveryOptions, ClientAuthenticatorOptions, TokenDialect {
  /** Sends requests whose response may carry a refresh token. Waits longer for the response than any caller waits. */
  readonly patientHttp: Http
  readonly serverClock: ServerClock
  readonly clientId: string
  readonly flights: Flights
}

/** The dependencies of every request to the authorization server. */
export interface Connection extends TokenDialect {
  readonly registration: Registration
  readonly client: oauth.Client
  readonly authenticator: ClientAuthenticator
  readonly wire: Wire
  readonly patientWire: Wire
  readonly clock: Clock
  readonly serverClock: ServerClock
  /** Sends a request without side effects. Rejects if the server does not respond. */
  sendProbe(): Promise<unknown>
  /**
   * Returns the metadata of the server. Sends a request only if it is not known yet.
   *
   * @throws {TryLaterError | ConfigurationError} If the metadata is not available.
   */
  fetchMetadata(keepAlive?: KeepAlive): Promise<oauth.AuthorizationServer>
}

export function createConnection(
  options: ConnectionOptions,
  client: oauth.Client = { client_id: options.clientId },
): Connection {
  const { insecure, flights, clock, serverClock, issuer, metadata } = options
  const { scopeSeparator, tokenTypes } = options
  const wireOf = (http: Http): Wire => ({
    [oauth.customFetch]: http,
    [oauth.allowInsecureRequests]: insecure,
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
    scopeSeparator,
    tokenTypes,
    sendProbe() {
      // A process that has no metadata needs it soon in any case.
      const isCheap = cache.isKnown() || typeof metadata === 'object'
      return isCheap ? options.http(probeUrl(options)) : cache.get()
    },
    fetchMetadata: cache.get,
  }
}

/** Returns a URL of the server. Any response from it shows that the server responds, and the time of the server. */
function probeUrl({ issuer, metadata }: Pick<DiscoveryOptions, 'issuer' | 'metadata'>): string {
  if (typeof metadata === 'string') return metadata
  // A server whose metadata is configured may have no document at the well-known URL.
  if (metadata !== undefined) return metadata.token_endpoint
  return openidMetadataUrl(issuer)
}

function openidMetadataUrl(issuer: string): string {
  return `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
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

export interface DiscoveryOptions {
  readonly issuer: string
  /** The URL of the metadata, or the metadata itself. Default: the well-known URL. */
  readonly metadata?: string | KnownMetadata | undefined
  /** Whether users sign in at the server, so that its metadata must name the `authorization_endpoint`. */
  readonly signsIn?: boolean | undefined
  readonly http: Http
  /** Whether plain HTTP is allowed. This is true only for an issuer on loopback. */
  readonly insecure: boolean
}

/** Finds the metadata of the authorization server. Compares the issuer byte for byte (RFC 8414 §3.3). */
async function discoverMetadata(options: DiscoveryOptions): Promise<oauth.AuthorizationServer> {
  const { issuer, metadata: known, signsIn, insecure } = options
  const isSafe = (url = '') => URL.canParse(url) && (insecure ? /^https?:/i : /^https:/i).test(url)
  if (!isSafe(issuer)) throw wrongMetadata('issuer is not on https')
  const metadata = typeof known === 'object' ? { ...known, issuer } : await fetchMetadata(options, known)
  if (metadata.issuer !== issuer) throw wrongMetadata('metadata names another issuer, or spells it otherwise')
  const onlyForSignIn = signsIn ? (['authorization_endpoint'] as const) : []
  for (const name of [...onlyForSignIn, 'token_endpoint'] as const)
    if (!isSafe(metadata[name])) throw wrongMetadata(`${name} is missing or not on https`)
  return metadata
}

async function fetchMetadata(
  options: DiscoveryOptions,
  url: string | undefined,
): Promise<oauth.AuthorizationServer> {
  const response = await requestMetadata(options, url).catch((error: unknown) => {
    throw metadataUnavailable(redact(error))
  })
  const { status } = response
  // With a wrong issuer, a retry cannot succeed. A server that is only down does not respond with 404.
  if (status === 404) throw wrongMetadata('metadata is not where it should be')
  const metadata: unknown = status === 200 ? await response.json().catch(() => undefined) : undefined
  if (!isJsonObject(metadata) || typeof metadata['issuer'] !== 'string')
    throw metadataUnavailable({ name: 'MetadataError', status })
  return metadata as oauth.AuthorizationServer
}

/** Sends the request to `url`, or to the URLs of OpenID Connect Discovery 1.0 §4 and RFC 8414 §3.1. */
async function requestMetadata(
  { issuer, http }: DiscoveryOptions,
  url: string | undefined,
): Promise<Response> {
  const request = (each: string) => http(each, { headers: { accept: 'application/json' } })
  const response = await request(url ?? openidMetadataUrl(issuer))
  if (url !== undefined || response.status !== 404) return response
  const { origin, pathname } = new URL(issuer)
  return request(`${origin}/.well-known/oauth-authorization-server${pathname.replace(/\/$/, '')}`)
}

function metadataUnavailable(cause: RedactedCause): TryLaterError {
  return unavailable('fetch the metadata of the authorization server', cause)
}

function wrongMetadata(what: string): ConfigurationError {
  const message = `Cannot use the authorization server: its ${what}; check the option "issuer"`
  return new ConfigurationError('authorization_server_metadata_invalid', message)
}

/** @param what - The operation that failed. */
export function unavailable(what: string, cause: RedactedCause): TryLaterError {
  const message = `Cannot ${what}: try again later`
  return new TryLaterError('authorization_server_unavailable', message, { cause, retryAfterSeconds: 1 })
}
