/**
 * Token management for applications that sign users in with another library.
 *
 * @module
 */
export * from './common.ts'
export type { Flights, JoinedFlight } from './ports/flights.ts'
export type { RequestContext, Runtime } from './ports/runtime.ts'
export type { ProcessEnvironment } from './rules/stores/several-processes.ts'
export {
  createTokenEngine,
  createTokenManagement,
  type TokenEngine,
  type TokenEngineOptions,
  type TokenManagement,
} from './surface/token-management.ts'
export { createCurrentTokens } from './surface/token-session.ts'
