// The exports that the entries `index` and `tokens` share: what applications and authors of stores use.
export type { TokenFetch } from './handlers/calls/token-fetch.ts'
export type { IsTokenRejected } from './mechanisms/calls/rejected-token.ts'
export { createSteadyClock } from './mechanisms/runtime/steady-clock.ts'
export { createMemoryStore, type MemoryStoreOptions } from './mechanisms/stores/memory-store.ts'
export type { UserClaims } from './model/token-grant.ts'
export type { TokenParameters as TokenRequest } from './model/token-parameters.ts'
export type { ClientAuthentication, ClientSecret } from './ports/client-authentication.ts'
export type { Clock } from './ports/clock.ts'
export type { KeepAlive } from './ports/runtime.ts'
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
export type { Drainable, DrainOptions } from './surface/drain.ts'
export type { EventListeners } from './surface/emitter.ts'
export type {
  HandlerFactory,
  HandlerOptions,
  RequestHandler,
  WrappedHandler,
} from './surface/handler-options.ts'
export { relay, type RelayOptions } from './surface/relay.ts'
export type { ServerChoice, ServerProfile } from './surface/server-profile.ts'
export type { EndSessionProfile, ServerMetadata } from './surface/server-metadata.ts'
export type { RequestProfile } from './surface/request-profile.ts'
export type { TokenHeader } from './model/stored-tokens.ts'
export type { CustomTokenRequest, TokenRequestProfile } from './rules/protocol/token-request-form.ts'
export type { UserInfoProfile } from './mechanisms/protocol/user-info.ts'
export type { SessionCookies } from './surface/session-cookies.ts'
export type { SourceTokenOptions } from './surface/source-access.ts'
export type { CarryOptions, TokenFetchOptions } from './surface/token-fetch-options.ts'
export type {
  ClientCredentials,
  ClientTokenName,
  TokenName,
  TokenSource,
  UserTokenName,
  WhoseToken,
} from './surface/token-source.ts'
export type { TokenManagementOptions } from './surface/token-options.ts'
export type { SessionInfo } from './surface/session-info.ts'
export type { StartOptions } from './surface/start-session.ts'
export type { TokenOptions, TokenSession } from './surface/token-session.ts'
export * from './vocabulary/index.ts'
