/**
 * Token management alone, for applications that sign their users in by themselves.
 *
 * @module
 */
export type { TokenFetch } from './handlers/token-fetch.ts'
export { createFlights, soloFlights } from './mechanisms/flights.ts'
export { createHeldResponses } from './mechanisms/held-responses.ts'
export { createMemoryStore, type MemoryStoreOptions } from './mechanisms/memory-store.ts'
export type { Clock } from './ports/clock.ts'
export type { Flights } from './ports/flights.ts'
export type { HeldResponses, KeepAlive, RequestContext, Runtime } from './ports/runtime.ts'
export type { SessionIndex, SessionStore } from './ports/session-store.ts'
export type { ReusePolicy } from './rules/decide.ts'
export type { UserClaims } from './rules/session-record.ts'
export type { TokenRequest } from './rules/token-key.ts'
export { createCurrentTokens, type CurrentTokens } from './surface/current-tokens.ts'
export type { SessionEngine } from './surface/engine.ts'
export type { TokenFetchOptions } from './surface/token-fetch-options.ts'
export {
  createTokenEngine,
  createTokenManagement,
  type TokenEngine,
  type TokenEngineOptions,
  type TokenManagement,
} from './surface/token-management.ts'
export type { TokenManagementOptions } from './surface/token-options.ts'
export type { StartOptions, TokenOptions, TokenSession } from './surface/token-session.ts'
export * from './vocabulary/index.ts'
