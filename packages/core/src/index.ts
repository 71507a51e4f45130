/**
 * The core of Evertoken: everything but the adapter to a runtime.
 *
 * @module
 */
export type { OnSignedIn, SignIn } from './handlers/callback.ts'
export type { TokenFetch } from './handlers/token-fetch.ts'
export type { TokenProxy } from './handlers/token-proxy.ts'
export { createFlights, soloFlights } from './mechanisms/flights.ts'
export { createHeldResponses } from './mechanisms/held-responses.ts'
export { createMemoryStore, type MemoryStoreOptions } from './mechanisms/memory-store.ts'
export type { Clock } from './ports/clock.ts'
export type { Flights } from './ports/flights.ts'
export type { HeldResponses, KeepAlive, RequestContext, Runtime } from './ports/runtime.ts'
export type { SessionIndex, SessionStore } from './ports/session-store.ts'
export type { ReusePolicy } from './rules/decide.ts'
export type { ForwardedStyle } from './rules/forwarded-headers.ts'
export type { UserClaims } from './rules/session-record.ts'
export type { StepUpChallenge } from './rules/step-up.ts'
export type { TokenRequest } from './rules/token-key.ts'
export type { AntiForgery } from './surface/anti-forgery.ts'
export { createCurrentSession, type CurrentSession } from './surface/current-session.ts'
export type { SessionEngine } from './surface/engine.ts'
export {
  createEngine,
  createEvertoken,
  type Engine,
  type Evertoken,
  type Handler,
} from './surface/evertoken.ts'
export type { EngineOptions, EvertokenOptions } from './surface/options.ts'
export type { SignInOptions } from './surface/sign-in-options.ts'
export type { TokenFetchOptions } from './surface/token-fetch-options.ts'
export type { TokenManagementOptions } from './surface/token-options.ts'
export type { TokenProxyRoute, TokenProxyRoutes } from './surface/token-proxy-options.ts'
export type { StartOptions, TokenOptions, TokenSession } from './surface/token-session.ts'
export { stepUpChallenge, type UserSession } from './surface/user-session.ts'
export * from './vocabulary/index.ts'
