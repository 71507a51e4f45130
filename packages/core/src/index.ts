/**
 * The core of Evertoken: everything but the adapter to a runtime.
 *
 * @module
 */
export type { TokenFetch } from './handlers/token-fetch.ts'
export { createFlights, soloFlights } from './mechanisms/flights.ts'
export { createMemoryStore, type MemoryStoreOptions } from './mechanisms/memory-store.ts'
export type { Clock } from './ports/clock.ts'
export type { Flights } from './ports/flights.ts'
export type { KeepAlive, RequestContext, Runtime } from './ports/runtime.ts'
export type { SessionIndex, SessionStore } from './ports/session-store.ts'
export type { ReusePolicy } from './rules/decide.ts'
export type { UserClaims } from './rules/session-record.ts'
export type { TokenRequest } from './rules/token-key.ts'
export { createCurrentSession, type CurrentSession } from './surface/current-session.ts'
export { createEngine, createEvertoken, type Engine, type Evertoken, type Handler } from './surface/evertoken.ts'
export type { EvertokenOptions } from './surface/options.ts'
export type { TokenFetchOptions } from './surface/token-fetch-options.ts'
export type { StartOptions, TokenOptions, UserSession } from './surface/user-session.ts'
export * from './vocabulary/index.ts'
