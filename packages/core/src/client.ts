/**
 * The tokens of a service that calls APIs as itself, without an adapter to a runtime.
 *
 * @module
 */
export type { TokenFetch } from './handlers/calls/token-fetch.ts'
export { createFlights } from './mechanisms/runtime/flights.ts'
export type { UserClaims } from './model/token-grant.ts'
export type { TokenParameters as TokenRequest } from './model/token-parameters.ts'
export type { ClientAuthentication, ClientSecret } from './ports/client-authentication.ts'
export type { Clock } from './ports/clock.ts'
export type { Flights, JoinedFlight } from './ports/flights.ts'
export type { KeepAlive, RequestContext, Runtime } from './ports/runtime.ts'
export type { ProcessEnvironment } from './rules/stores/several-processes.ts'
export type { RecordHint, SessionIndex, SessionStore } from './ports/session-store.ts'
export type { ReusePolicy } from './rules/refresh/decide.ts'
export type { ClientTokenAccess, ClientTokenOptions } from './surface/client-access.ts'
export type { ClientTokensOptions } from './surface/client-options.ts'
export { type ClientTokens, createClientTokens } from './surface/client-tokens.ts'
export type { Drainable, DrainOptions } from './surface/drain.ts'
export type { RevocationContext, ServerDialect } from './ports/dialect.ts'
export type {
  EndSessionProfile,
  ServerDifferences,
  ServerVerdict,
  UserInfoProfile,
} from './surface/server-differences.ts'
export type { ServerChoice, ServerMetadata, ServerProfile } from './surface/server-profile.ts'
export type { CarryOptions, TokenFetchOptions } from './surface/token-fetch-options.ts'
export type {
  ClientTokenName,
  TokenName,
  TokenSource,
  UserTokenName,
  WhoseToken,
} from './surface/token-source.ts'
export * from './vocabulary/index.ts'
