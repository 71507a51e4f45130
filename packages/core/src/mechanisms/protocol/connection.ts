import * as oauth from 'oauth4webapi'
import type { Clock } from '../../ports/clock.ts'
import type { Flights } from '../../ports/flights.ts'
import { METADATA_BYTES, TOKEN_RESPONSE_BYTES } from '../http.ts'
import { discover, type DiscoveryOptions } from './discovery.ts'
import { createMetadataCache } from './metadata-cache.ts'
import { createWire, type Wire } from './wire.ts'

/** How the client proves to the token endpoint who it is (RFC 6749 §2.3). */
export type ClientAuthentication =
  | { readonly method: 'client_secret_basic' | 'client_secret_post'; readonly clientSecret: string }
  | { readonly method: 'none' }

export interface ConnectionOptions extends DiscoveryOptions {
  readonly clientId: string
  readonly authentication: ClientAuthentication
  readonly flights: Flights
  readonly clock: Clock
}

/** What every request to the authorization server needs. */
export interface Connection {
  readonly client: oauth.Client
  readonly authenticate: oauth.ClientAuth
  /** For the endpoints of the protocol. */
  readonly wire: Wire
  /** For documents, which may be larger. */
  readonly documents: Wire
  readonly clock: Clock
  /** @throws TryLaterError or ConfigurationError when the metadata cannot be had. */
  metadata(): Promise<oauth.AuthorizationServer>
}

export function createConnection(
  options: ConnectionOptions,
  client: oauth.Client = { client_id: options.clientId },
): Connection {
  const { http, insecure, flights, clock } = options
  const documents = createWire(http, insecure, METADATA_BYTES)
  return {
    client,
    authenticate: clientAuthentication(options.authentication),
    wire: createWire(http, insecure, TOKEN_RESPONSE_BYTES),
    documents,
    clock,
    metadata: createMetadataCache(() => discover(options, documents), flights, clock),
  }
}

function clientAuthentication(authentication: ClientAuthentication): oauth.ClientAuth {
  switch (authentication.method) {
    case 'client_secret_basic':
      return oauth.ClientSecretBasic(authentication.clientSecret)
    case 'client_secret_post':
      return oauth.ClientSecretPost(authentication.clientSecret)
    case 'none':
      return oauth.None()
  }
}
