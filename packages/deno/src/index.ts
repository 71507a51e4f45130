/**
 * Evertoken for Deno.
 *
 * @module
 */
import {
  createEvertoken,
  createFlights,
  createHandler,
  createHeldResponses,
  type Evertoken as CoreEvertoken,
  type EvertokenFor,
  type EvertokenWithClient as CoreEvertokenWithClient,
  type EvertokenOptions,
  type HandlerFactory,
  type Runtime,
  type WithClient,
} from '@evertoken/core'
import { denoEnvironment } from './deno-environment.ts'
import { createRequestContext } from './request-context.ts'

export * from '@evertoken/core'
export type { DenoKv, DenoKvAtomic, DenoKvEntry, DenoKvKey } from './deno-kv.ts'
export { createDenoKvStore, type DenoKvStoreOptions } from './kv-store.ts'

/** Token management for the users of one application, on Deno. */
export interface Evertoken extends CoreEvertoken, HandlerFactory {}

/** `Evertoken` with the option `client`: it also has the token of the application itself. */
export interface EvertokenWithClient extends CoreEvertokenWithClient, HandlerFactory {}

/** @throws {ConfigurationError} If an option is missing, unknown or invalid, or Deno is older than 2.1. */
export function evertoken<Client = undefined>(
  options: EvertokenOptions & WithClient<Client>,
): EvertokenFor<Client> & HandlerFactory {
  const core: EvertokenFor<Client> = createEvertoken(options, createDenoRuntime())
  return {
    ...core,
    handler: createHandler(core.handle),
  }
}

function createDenoRuntime(): Runtime {
  return {
    context: createRequestContext(),
    flights: createFlights(),
    // A Deno process outlives its responses.
    keepAlive() {},
    responses: createHeldResponses,
    environment: denoEnvironment,
  }
}
