/**
 * The tokens of a service that calls APIs as itself, without an adapter to a runtime.
 *
 * @module
 */
export type { TokenFetch } from './handlers/calls/token-fetch.ts'
export type { IsTokenRejected } from './mechanisms/calls/rejected-token.ts'
export { createFlights } from './mechanisms/runtime/flights.ts'
export type { TokenParameters as TokenRequest } from './model/token-parameters.ts'
export type { ClientAuthentication, ClientSecret } from './ports/client-authentication.ts'
export type { Clock } from './ports/clock.ts'
export type { Flights, JoinedFlight } from './ports/flights.ts'
export type { KeepAlive, RequestContext, Runtime } from './ports/runtime.ts'
export type { ProcessEnvironment } from './rules/stores/several-processes.ts'
export type { RecordHint, SessionIndex, SessionStore } from './ports/session-store.ts'
export type { SenderConstraint } from './ports/token-binding.ts'
export type {
  CustomRevocation,
  RevocationContext,
  RevocationProfile,
  ServerDialect,
} from './ports/dialect.ts'
export type { ReusePolicy } from './rules/refresh/decide.ts'
export type { ServerVerdict } from './rules/refresh/verdicts.ts'
export type { CallOptions } from './surface/call-options.ts'
export type { ClientTokenAccess, ClientTokenOptions } from './surface/client-access.ts'
export type { ClientTokensOptions } from './surface/client-options.ts'
export { type ClientTokens, createClientTokens } from './surface/client-tokens.ts'
export type { Drainable, DrainOptions } from './surface/drain.ts'
export type { ServerChoice, ServerProfile } from './surface/server-profile.ts'
export type { EndSessionProfile, ServerMetadata } from './surface/server-metadata.ts'
export type { RequestProfile } from './surface/request-profile.ts'
export type { TokenHeader } from './model/stored-tokens.ts'
export type { CustomTokenRequest, TokenRequestProfile } from './rules/protocol/token-request-form.ts'
export type { UserInfoProfile } from './mechanisms/protocol/user-info.ts'
export type { SourceTokenOptions } from './surface/source-access.ts'
export type { CarryOptions, TokenFetchOptions } from './surface/token-fetch-options.ts'
export type {
  ClientTokenName,
  TokenName,
  TokenSource,
  UserTokenName,
  WhoseToken,
} from './surface/token-source.ts'
export * from './vocabulary/index.ts'
