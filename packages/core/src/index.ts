/**
 * The core of Evertoken: everything but the adapter to a runtime.
 *
 * @module
 */
export type { OnSignedIn, SignIn } from './handlers/callback.ts'
export type { TokenFetch } from './handlers/token-fetch.ts'
export type { TokenProxy } from './handlers/token-proxy.ts'
export { createFlights, soloFlights } from './mechanisms/flights.ts'
export { createMemoryStore, type MemoryStoreOptions } from './mechanisms/memory-store.ts'
export type { Clock } from './ports/clock.ts'
export type { Flights } from './ports/flights.ts'
export type { KeepAlive, RequestContext, Runtime } from './ports/runtime.ts'
export type { SessionIndex, SessionStore } from './ports/session-store.ts'
export type { ReusePolicy } from './rules/decide.ts'
export type { ForwardedStyle } from './rules/forwarded-headers.ts'
export type { UserClaims } from './rules/session-record.ts'
export type { StepUpChallenge } from './rules/step-up.ts'
export type { TokenRequest } from './rules/token-key.ts'
export type { AntiForgery } from './surface/anti-forgery.ts'
export { createCurrentSession, type CurrentSession } from './surface/current-session.ts'
export {
  createEngine,
  createEvertoken,
  type Engine,
  type EngineOptions,
  type Evertoken,
  type Handler,
} from './surface/evertoken.ts'
export type { EvertokenOptions } from './surface/options.ts'
export type { SessionOptions } from './surface/session-options.ts'
export type { TokenFetchOptions } from './surface/token-fetch-options.ts'
export type { TokenProxyRoute, TokenProxyRoutes } from './surface/token-proxy-options.ts'
export {
  type StartOptions,
  stepUpChallenge,
  type TokenOptions,
  type UserSession,
} from './surface/user-session.ts'
export * from './vocabulary/index.ts'
