/**
 * The tokens of a service that calls APIs as itself, without an adapter to a runtime.
 *
 * @module
 */
export type { TokenFetch } from './handlers/calls/token-fetch.ts'
export { createFlights } from './mechanisms/runtime/flights.ts'
export type { ClientTokenAccess, ClientTokenOptions } from './surface/client-access.ts'
export type { ClientTokensOptions } from './surface/client-options.ts'
export { type ClientTokens, createClientTokens } from './surface/client-tokens.ts'
export type { TokenFetchOptions } from './surface/token-fetch-options.ts'
export * from './vocabulary/index.ts'
