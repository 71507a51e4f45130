export * from './authorization-server.ts'
export { createBrowser } from './browser.ts'
export type {
  Application,
  Browser,
  BrowserFetchInit,
  BrowserOptions,
  BrowserRequestInit,
  BrowserSignInOptions,
  NavigateInit,
} from './browser/api.ts'
export type { Cookie } from './browser/accept-cookie.ts'
export { createCookieJar } from './browser/cookie-jar.ts'
export type { CookieContext, CookieJar, CookieJarOptions, CookieSnapshot } from './browser/cookie-jar.ts'
export { cookieHeaderOf, createCookieMap } from './browser/cookie-map.ts'
export type { CookieMap, CookieMapOptions } from './browser/cookie-map.ts'
export type { SameSite } from './browser/set-cookie.ts'
export { createDialectServer } from './dialect-server.ts'
export type { DialectListening, DialectServer, DialectServerOptions } from './dialect-server.ts'
export type * from './dialect-server/dialect.ts'
export { createFaultyStore } from './faulty-store.ts'
export type { FaultyStore, FaultyStoreOptions, StoreLogEntry } from './faulty-store.ts'
export type { Outage, OutageOptions } from './faulty-store/outages.ts'
export type * from './faulty-store/store-faults.ts'
export { createManualClock } from './manual-clock.ts'
export type { ManualClock, ManualClockOptions } from './manual-clock.ts'
export { createResourceServer } from './resource-server.ts'
export type {
  ResourceLogEntry,
  ResourceRequest,
  ResourceServer,
  ResourceServerOptions,
} from './resource-server.ts'
export type {
  Challenge,
  InsufficientScopeChallenge,
  InsufficientUserAuthenticationChallenge,
  InvalidTokenChallenge,
  ResponseChallenge,
} from './resource-server/challenges.ts'
export { runContract, sessionStoreContract } from './session-store-contract.ts'
export type { ContractCase, ContractResult, SessionStoreContractOptions } from './session-store-contract.ts'
export { createShiftableClock } from './shiftable-clock.ts'
export type { ShiftableClock, ShiftableClockOptions } from './shiftable-clock.ts'
