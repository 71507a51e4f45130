// The exports that the entries `index` and `tokens` share.
export type { TokenFetch } from './handlers/calls/token-fetch.ts'
export { createFlights, soloFlights } from './mechanisms/runtime/flights.ts'
export { createHeldResponses } from './mechanisms/calls/held-responses.ts'
export { createIsolateFlights } from './mechanisms/runtime/isolate-flights.ts'
export { createMemoryStore, type MemoryStoreOptions } from './mechanisms/stores/memory-store.ts'
export { createSteadyClock } from './mechanisms/runtime/steady-clock.ts'
export type { Clock } from './ports/clock.ts'
export type { Flights, JoinedFlight } from './ports/flights.ts'
export type { HeldResponses, KeepAlive, RequestContext, Runtime } from './ports/runtime.ts'
export type { RecordHint, SessionIndex, SessionStore } from './ports/session-store.ts'
export type { ReusePolicy } from './rules/refresh/decide.ts'
export type { ProcessEnvironment } from './rules/stores/several-processes.ts'
export type { UserClaims } from './model/session-record.ts'
export type { TokenRequest } from './model/token-parameters.ts'
export type { Drainable, DrainOptions } from './surface/drain.ts'
export type { SessionEngine } from './surface/engine.ts'
export {
  checkHandlerOptions,
  createHandler,
  type HandlerFactory,
  type HandlerOptions,
  type RequestHandler,
  type WrappedHandler,
} from './surface/handler-options.ts'
export { relay, type RelayOptions } from './surface/relay.ts'
export type { TokenFetchOptions } from './surface/token-fetch-options.ts'
export type { TokenManagementOptions } from './surface/token-options.ts'
export type { StartOptions, TokenOptions, TokenSession } from './surface/token-session.ts'
export * from './vocabulary/index.ts'
