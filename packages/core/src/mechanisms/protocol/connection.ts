import type * as oauth from 'oauth4webapi'
import type { Registration } from '../../model/session-record.ts'
import type { CustomRevocation, ServerDialect } from '../../ports/dialect.ts'
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
  mechanismOf,
  type SecretRules,
} from './client-authentication.ts'
import { type DiscoveryOptions, discoverMetadata, probeUrl } from './discovery.ts'
import { createMetadataCache } from './metadata-cache.ts'
import { constraintMechanismOf } from './sender-constraint.ts'
import type { CustomTokenRequest } from '../../rules/protocol/token-request-form.ts'
import type { TokenResponseRules } from '../../rules/protocol/token-response.ts'
import { readClaims } from '../../rules/protocol/jwt.ts'
import { expectedIssuer } from '../../rules/protocol/issuer.ts'

export interface ConnectionOptions extends DiscoveryOptions, ClientAuthenticatorOptions {
  /** Sends requests whose response may carry a refresh token. Waits longer for the response than any caller waits. */
  readonly patientHttp: Http
  readonly serverClock: ServerClock
  readonly clientId: string
  readonly responseRules: TokenResponseRules
  /** How the values of a scope are separated in requests. */
  readonly scopeSeparator: string
  readonly basicCredentials?: SecretRules['basicCredentials'] | undefined
  readonly verdicts?: readonly ServerVerdict[] | undefined
  readonly dialect?: ServerDialect | undefined
  readonly tokenRequest?: CustomTokenRequest | undefined
  readonly revocation?: CustomRevocation | undefined
  readonly senderConstraint?: SenderConstraint | undefined
  readonly flights: Flights
}

/** The dependencies of every request to the authorization server. */
export interface Connection {
  readonly registration: Registration
  readonly client: oauth.Client
  readonly authenticator: ClientAuthenticator
  readonly http: Http
  /** Sends requests whose response may carry a refresh token. Waits longer for the response than any caller waits. */
  readonly patientHttp: Http
  /** How standard requests with client authentication differ. `sendForm` applies it. */
  readonly tokenRequest?: CustomTokenRequest | undefined
  readonly clock: Clock
  readonly serverClock: ServerClock
  readonly responseRules: TokenResponseRules
  readonly scopeSeparator: string
  /** What error responses of the server mean. */
  readonly verdicts: readonly ServerVerdict[]
  readonly dialect: ServerDialect
  readonly revocation?: CustomRevocation | undefined
  /** How a client secret is written in the `Authorization` header. Default: `encoded` */
  readonly basicCredentials?: SecretRules['basicCredentials'] | undefined
  /** Binds the tokens to keys of the client. Absent if they are not bound to keys. */
  readonly binding: TokenBinding | undefined
  /** How the tokens are bound. Absent if they are not bound. */
  readonly constraint: SenderConstraint['method'] | undefined
  /** Sends a request without side effects. Rejects if the server does not respond. */
  sendProbe(): Promise<unknown>
  /**
   * Returns the metadata of the server. Sends a request only if it is not known yet.
   *
   * @throws {TryLaterError | ConfigurationError} If the metadata is not available.
   */
  fetchMetadata(keepAlive?: KeepAlive): Promise<oauth.AuthorizationServer>
  /**
   * Returns the metadata with the issuer that a token must have. It differs only if the issuer is a template.
   *
   * @param token - A token in which only the tenant is read. It is not verified yet.
   */
  metadataForToken(metadata: oauth.AuthorizationServer, token: string | undefined): oauth.AuthorizationServer
  /** The tenants whose tokens are accepted, if the issuer is a template. */
  readonly tenants?: readonly string[] | undefined
}

export function createConnection(
  options: ConnectionOptions,
  client: oauth.Client = { client_id: options.clientId },
): Connection {
  const { flights, clock, issuer, metadata, responseRules } = options
  const { verdicts = [], dialect = {}, senderConstraint } = options
  const { adaptMetadata: adaptToClient = unchanged } = mechanismOf(options.authentication)
  const { adaptMetadata = unchanged, isUnbound, connect } = constraintMechanismOf(senderConstraint)
  const cache = createMetadataCache({
    discover: () =>
      discoverMetadata({ ...options, adaptMetadata: (found) => adaptMetadata(adaptToClient(found)) }),
    flights,
    clock,
    random: options.random,
  })
  return {
    http: options.http,
    patientHttp: options.patientHttp,
    tokenRequest: options.tokenRequest,
    clock,
    serverClock: options.serverClock,
    scopeSeparator: options.scopeSeparator,
    revocation: options.revocation,
    basicCredentials: options.basicCredentials,
    tenants: options.tenants,
    registration: { issuer, clientId: options.clientId },
    client,
    authenticator: createClientAuthenticator(options, cache.get),
    responseRules: isUnbound ? { ...responseRules, isUnbound } : responseRules,
    verdicts,
    dialect,
    binding: connect?.(options),
    constraint: senderConstraint?.method,
    sendProbe() {
      // A process that has no metadata needs it soon in any case.
      const isCheap = cache.isKnown() || typeof metadata === 'object'
      return isCheap ? options.http(probeUrl(options)) : cache.get()
    },
    fetchMetadata: cache.get,
    metadataForToken: (server, token) =>
      withIssuer(server, expectedIssuer(server.issuer, readClaims(token)?.['tid'], options.tenants)),
  }
}

function unchanged(metadata: oauth.AuthorizationServer): oauth.AuthorizationServer {
  return metadata
}

export function withIssuer(metadata: oauth.AuthorizationServer, issuer: string): oauth.AuthorizationServer {
  return issuer === metadata.issuer ? metadata : { ...metadata, issuer }
}
