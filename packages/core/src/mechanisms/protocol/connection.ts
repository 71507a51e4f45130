import * as oauth from 'oauth4webapi'
import type { Clock } from '../../ports/clock.ts'
import type { Flights } from '../../ports/flights.ts'
import type { Http } from '../http.ts'
import { discover, type DiscoveryOptions } from './discovery.ts'
import { createMetadataCache } from './metadata-cache.ts'
import type { Wire } from './wire.ts'

/** How the client proves to the token endpoint who it is (RFC 6749 §2.3). */
export type ClientAuthentication =
  | { readonly method: 'client_secret_basic' | 'client_secret_post'; readonly clientSecret: string }
  | { readonly method: 'none' }

export interface ConnectionOptions extends Omit<DiscoveryOptions, 'wire'> {
  readonly http: Http
  /** Whether plain http is allowed: only for an issuer on loopback. */
  readonly insecure: boolean
  readonly clientId: string
  readonly authentication: ClientAuthentication
  readonly flights: Flights
  readonly clock: Clock
}

/** What every request to the authorization server needs. */
export interface Connection {
  readonly client: oauth.Client
  readonly authenticate: oauth.ClientAuth
  readonly wire: Wire
  readonly clock: Clock
  /** @throws TryLaterError or ConfigurationError when the metadata cannot be had. */
  metadata(): Promise<oauth.AuthorizationServer>
}

export function createConnection(
  options: ConnectionOptions,
  client: oauth.Client = { client_id: options.clientId },
): Connection {
  const { http, insecure, flights, clock, issuer, metadataUrl } = options
  const wire: Wire = { [oauth.customFetch]: http, [oauth.allowInsecureRequests]: insecure }
  return {
    client,
    authenticate: clientAuthentication(options.authentication),
    wire,
    clock,
    metadata: createMetadataCache(() => discover({ issuer, metadataUrl, wire }), flights, clock),
  }
}

function clientAuthentication(authentication: ClientAuthentication): oauth.ClientAuth {
  if (authentication.method === 'none') return oauth.None()
  const { method, clientSecret } = authentication
  return method === 'client_secret_basic'
    ? oauth.ClientSecretBasic(clientSecret)
    : oauth.ClientSecretPost(clientSecret)
}
