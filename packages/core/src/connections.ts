/**
 * The grants that owners have given for use without a session, without an adapter to a runtime.
 *
 * @module
 */
export type { TokenFetch } from './handlers/calls/token-fetch.ts'
export type { IsTokenRejected } from './mechanisms/calls/rejected-token.ts'
export { createFlights } from './mechanisms/runtime/flights.ts'
export type { UserClaims } from './model/token-grant.ts'
export type { TokenParameters as TokenRequest } from './model/token-parameters.ts'
export type { ClientAuthentication, ClientSecret } from './ports/client-authentication.ts'
export type { Clock } from './ports/clock.ts'
export type { Flights, JoinedFlight } from './ports/flights.ts'
export type { KeepAlive, RequestContext, Runtime } from './ports/runtime.ts'
export type { ProcessEnvironment } from './rules/stores/several-processes.ts'
export type { RecordHint, SessionIndex, SessionStore } from './ports/session-store.ts'
export type { SenderConstraint } from './ports/token-binding.ts'
export type { RevocationContext, ServerDialect } from './ports/dialect.ts'
export type { ReusePolicy } from './rules/refresh/decide.ts'
export type { ServerVerdict } from './rules/refresh/verdicts.ts'
export type { CallOptions } from './surface/call-options.ts'
export type { ConnectionsRuntime } from './surface/connections/connection-host.ts'
export type {
  Connection,
  ConnectionFacts,
  ConnectionState,
  ConnectOptions,
  CurrentConnection,
  DisconnectedConnection,
  ListedConnection,
  SaveOptions,
} from './surface/connections/connection-types.ts'
export type {
  BrokenConnection,
  ChangedConnection,
  ConnectionsOptions,
} from './surface/connections/connections-options.ts'
export type { IdleRefreshes } from './mechanisms/connections/refresh-idle.ts'
export type { IdleGrants, KeepAliveOptions } from './surface/connections/keep-alive-value.ts'
export { type Connections, createConnections } from './surface/connections/create-connections.ts'
export type {
  ConnectedAccount,
  ConnectionContext,
  ConnectionName,
  ConnectionProvider,
  ConnectionProviderResolver,
  ConnectionProviders,
} from './surface/connections/provider-options.ts'
export type { Drainable, DrainOptions } from './surface/drain.ts'
export type { EventListeners } from './surface/emitter.ts'
export type { ServerChoice, ServerProfile } from './surface/server-profile.ts'
export type { EndSessionProfile, ServerMetadata } from './surface/server-metadata.ts'
export type { RequestProfile } from './surface/request-profile.ts'
export type { CustomRevocation, RevocationProfile } from './ports/dialect.ts'
export type { TokenHeader } from './model/stored-tokens.ts'
export type { CustomTokenRequest, TokenRequestProfile } from './rules/protocol/token-request-form.ts'
export type { UserInfoProfile } from './mechanisms/protocol/user-info.ts'
export type { CarryOptions } from './surface/token-fetch-options.ts'
export * from './vocabulary/index.ts'
