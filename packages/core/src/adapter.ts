/**
 * The parts that an adapter to a runtime connects. Applications use the package of their runtime instead.
 *
 * @module
 */
export { decodeHeadersInPlace, withDecodedHeaders } from './mechanisms/calls/decoded-headers.ts'
export { redact } from './mechanisms/runtime/redact.ts'
export { untilWon } from './mechanisms/stores/until-won.ts'
export { sha256 } from './mechanisms/runtime/digest.ts'
export { discardBody } from './mechanisms/calls/with-headers.ts'
export { createHttp, type Http } from './mechanisms/protocol/http.ts'
export { createFlights, soloFlights } from './mechanisms/runtime/flights.ts'
export { createIsolateFlights } from './mechanisms/runtime/isolate-flights.ts'
export type { Flights, JoinedFlight } from './ports/flights.ts'
export type { RequestContext, Runtime } from './ports/runtime.ts'
export { isLoopback, parseUrl } from './rules/calls/allowed-urls.ts'
export { type Challenge, parseChallenges } from './rules/calls/authentication-challenge.ts'
export { isJsonObject, omitUndefined } from './rules/members.ts'
export type { ProcessEnvironment } from './rules/stores/several-processes.ts'
export { createOutside, type Outside } from './surface/bound-token-fetch.ts'
export { type ClientApplication, createClientApplication } from './surface/client-application.ts'
export { connectClientTokens } from './surface/client-tokens.ts'
export {
  type ConnectionApplication,
  createConnectionApplication,
} from './surface/connections/connection-application.ts'
export { connectConnections } from './surface/connections/create-connections.ts'
export {
  type ProviderDocument,
  type ProviderRoute,
  type LookUp,
  type ResolverCall,
  type ResolverHost,
  resolverCallOf,
  withProviderRoute,
} from './surface/connections/resolver-host.ts'
export { createEmitter } from './surface/emitter.ts'
export type { SessionEngine } from './surface/engine.ts'
export { checkAll, type Checked, hook, invalid, must, type OptionTable, text } from './surface/checks.ts'
export { systemClock } from './mechanisms/runtime/system-clock.ts'
export { createEngine, createEvertoken } from './surface/evertoken.ts'
export type { Engine } from './surface/engine-functions.ts'
export {
  checkHandlerOptions,
  checkMiddlewareArguments,
  createHandler,
  type MiddlewareArguments,
  notFound,
  type RoutedConnections,
} from './surface/handler-options.ts'
export type { EngineOptions } from './surface/options.ts'
export type { RegistrationsEngineOptions } from './surface/registrations/registrations.ts'
export { withPartsOf } from './surface/application-sources.ts'
export { createCurrentSession } from './surface/user-session.ts'
