import * as oauth from 'oauth4webapi'
import type { Clock } from '../../ports/clock.ts'
import type { Flights } from '../../ports/flights.ts'
import type { KeepAlive } from '../../ports/runtime.ts'
import type { Http } from './http.ts'
import type { ServerClock } from './server-clock.ts'
import { createMetadataCache } from './metadata-cache.ts'
import { redact } from '../runtime/redact.ts'
import { unavailable, wrongMetadata } from './errors.ts'

/** The way in which the client authenticates at the token endpoint (RFC 6749 §2.3). */
export type ClientAuthentication =
  | { readonly method: 'client_secret_basic' | 'client_secret_post'; readonly clientSecret: string }
  | { readonly method: 'none' }

export interface ConnectionOptions extends Omit<DiscoveryOptions, 'wire'> {
  readonly http: Http
  /** Sends requests whose response may carry a refresh token. Waits longer for the response than any caller waits. */
  readonly patientHttp: Http
  readonly serverClock: ServerClock
  /** Whether plain HTTP is allowed. This is true only for an issuer on loopback. */
  readonly insecure: boolean
  readonly clientId: string
  readonly authentication: ClientAuthentication
  readonly flights: Flights
  readonly clock: Clock
  /** Returns a number from 0 to 1, which varies pauses. */
  readonly random: () => number
}

/** The dependencies of every request to the authorization server. */
export interface Connection {
  readonly client: oauth.Client
  readonly authenticate: oauth.ClientAuth
  readonly wire: Wire
  readonly patientWire: Wire
  readonly clock: Clock
  readonly serverClock: ServerClock
  /** Sends a request without side effects. Rejects if the server does not respond. */
  probe(): Promise<unknown>
  /** @throws {TryLaterError | ConfigurationError} If the metadata is not available. */
  metadata(keepAlive?: KeepAlive): Promise<oauth.AuthorizationServer>
}

export function createConnection(
  options: ConnectionOptions,
  client: oauth.Client = { client_id: options.clientId },
): Connection {
  const { insecure, flights, clock, serverClock, issuer, metadataUrl } = options
  const wireOf = (http: Http): Wire => ({
    [oauth.customFetch]: http,
    [oauth.allowInsecureRequests]: insecure,
  })
  const wire = wireOf(options.http)
  const metadata = createMetadataCache({
    discover: () => discover({ issuer, metadataUrl, wire }),
    flights,
    clock,
    random: options.random,
  })
  return {
    client,
    authenticate: clientAuthentication(options.authentication),
    wire,
    patientWire: wireOf(options.patientHttp),
    clock,
    serverClock,
    // A process that has no metadata needs it soon in any case.
    probe: () => (metadata.isKnown() ? options.http(probeUrl(options)) : metadata.get()),
    metadata: metadata.get,
  }
}

/** Returns a URL of the server. Any response from it shows that the server responds, and the time of the server. */
function probeUrl({ issuer, metadataUrl }: Pick<DiscoveryOptions, 'issuer' | 'metadataUrl'>): string {
  return metadataUrl ?? `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
}

function clientAuthentication(authentication: ClientAuthentication): oauth.ClientAuth {
  if (authentication.method === 'none') return oauth.None()
  const { method, clientSecret } = authentication
  return method === 'client_secret_basic'
    ? oauth.ClientSecretBasic(clientSecret)
    : oauth.ClientSecretPost(clientSecret)
}

/** Options for the HTTP requests of oauth4webapi. */
export interface Wire {
  readonly [oauth.customFetch]: Http
  readonly [oauth.allowInsecureRequests]: boolean
}

export interface DiscoveryOptions {
  readonly issuer: string
  /** The URL of the metadata, if it is not the well-known URL. */
  readonly metadataUrl?: string | undefined
  readonly wire: Wire
}

/** Fetches the metadata of the authorization server. Compares the issuer byte for byte (RFC 8414 §3.3). */
export async function discover(options: DiscoveryOptions): Promise<oauth.AuthorizationServer> {
  const { issuer, wire } = options
  const response = await fetchMetadata(options)
  // With a wrong issuer, a retry cannot succeed. A server that is only down does not respond with 404.
  if (response.status === 404) throw wrongMetadata('metadata is not where it should be')
  const metadata = await oauth.processDiscoveryResponse(new URL(issuer), response).catch(failed)
  if (metadata.issuer !== issuer) throw wrongMetadata('metadata spells the issuer otherwise')
  const isSafe = wire[oauth.allowInsecureRequests] ? /^https?:/i : /^https:/i
  for (const name of ['authorization_endpoint', 'token_endpoint'] as const) {
    const { [name]: url = '' } = metadata
    if (!URL.canParse(url) || !isSafe.test(url)) throw wrongMetadata(`${name} is missing or not on https`)
  }
  return metadata
}

async function fetchMetadata({ issuer, metadataUrl, wire }: DiscoveryOptions): Promise<Response> {
  if (metadataUrl !== undefined) return wire[oauth.customFetch](metadataUrl).catch(failed)
  const url = new URL(issuer)
  const response = await oauth.discoveryRequest(url, wire).catch(failed)
  if (response.status !== 404) return response
  return oauth.discoveryRequest(url, { ...wire, algorithm: 'oauth2' }).catch(failed)
}

function failed(error: unknown): never {
  const cause = redact(error)
  if (cause.code === oauth.JSON_ATTRIBUTE_COMPARISON) throw wrongMetadata('metadata names another issuer')
  throw unavailable('fetch the metadata of the authorization server', cause)
}
