import type { AuthorizationServer } from 'oauth4webapi'
import type { Clock } from '../../ports/clock.ts'
import type { Flights } from '../../ports/flights.ts'
import { parseJsonObject } from '../../rules/token-response.ts'
import type { Http } from '../http.ts'
import { authenticate, type ClientAuthentication } from './client-authentication.ts'
import { checkEndpoint, discover, type DiscoveryOptions } from './discovery.ts'
import { createMetadataCache } from './metadata-cache.ts'

export type { ClientAuthentication } from './client-authentication.ts'

export interface ConnectionOptions extends DiscoveryOptions {
  readonly clientId: string
  readonly authentication: ClientAuthentication
  readonly flights: Flights
  readonly clock: Clock
}

/** An answer of an endpoint. `body` is `undefined` when it was no JSON that can be accepted. */
export interface Answer {
  readonly response: Response
  readonly body: unknown
}

/** What every request to the authorization server needs. */
export interface Connection {
  readonly http: Http
  readonly insecure: boolean
  readonly clock: Clock
  /** @throws TryLaterError or ConfigurationError when the metadata cannot be had. */
  metadata(): Promise<AuthorizationServer>
  /** Sends a form to an endpoint, as this client. */
  post(
    server: AuthorizationServer,
    endpoint: 'token_endpoint' | 'revocation_endpoint',
    form: URLSearchParams,
  ): Promise<Answer>
}

export function createConnection(options: ConnectionOptions): Connection {
  const { http, insecure, flights, clock, clientId, authentication } = options
  return {
    http,
    insecure,
    clock,
    metadata: createMetadataCache(() => discover(options), flights, clock),
    async post(server, endpoint, form) {
      const url = checkEndpoint(server, endpoint, insecure)
      const headers = authenticate(form, clientId, authentication)
      const response = await http(url, { method: 'POST', headers, body: form })
      return { response, body: parseJsonObject(await response.text()) }
    },
  }
}
