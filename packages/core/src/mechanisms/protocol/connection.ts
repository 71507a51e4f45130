import * as oauth from 'oauth4webapi'
import type { Clock } from '../../ports/clock.ts'
import type { Flights } from '../../ports/flights.ts'
import type { KeepAlive } from '../../ports/runtime.ts'
import type { Http } from '../http.ts'
import type { ServerClock } from '../server-clock.ts'
import { discover, type DiscoveryOptions } from './discovery.ts'
import { createMetadataCache } from './metadata-cache.ts'
import type { Wire } from './wire.ts'

/** How the client proves to the token endpoint who it is (RFC 6749 §2.3). */
export type ClientAuthentication =
  | { readonly method: 'client_secret_basic' | 'client_secret_post'; readonly clientSecret: string }
  | { readonly method: 'none' }

export interface ConnectionOptions extends Omit<DiscoveryOptions, 'wire'> {
  readonly http: Http
  /** For requests whose response may carry a refresh token: it is awaited for longer than any caller waits. */
  readonly patientHttp: Http
  readonly serverClock: ServerClock
  /** Whether plain http is allowed: only for an issuer on loopback. */
  readonly insecure: boolean
  readonly clientId: string
  readonly authentication: ClientAuthentication
  readonly flights: Flights
  readonly clock: Clock
  /** From 0 to 1, for pauses. */
  readonly random: () => number
}

/** What every request to the authorization server needs. */
export interface Connection {
  readonly client: oauth.Client
  readonly authenticate: oauth.ClientAuth
  readonly wire: Wire
  readonly patientWire: Wire
  readonly clock: Clock
  readonly serverClock: ServerClock
  /** Makes a request that has no effect. Rejects if there is no response. */
  probe(): Promise<unknown>
  /** @throws TryLaterError or ConfigurationError if the metadata is not available. */
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
    // A process that has no metadata yet needs it soon.
    probe: () => (metadata.isKnown() ? options.http(probeUrl(options)) : metadata.get()),
    metadata: metadata.get,
  }
}

/** Any response shows that the server responds, and what time it is there. */
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
