/**
 * Evertoken for Deno.
 *
 * @module
 */
import {
  createEvertoken,
  createFlights,
  createHeldResponses,
  type Evertoken as CoreEvertoken,
  type EvertokenOptions,
  type Runtime,
} from '@evertoken/core'
import { createRequestContext } from './request-context.ts'

export * from '@evertoken/core'
export type { DenoKv, DenoKvAtomic, DenoKvEntry, DenoKvKey } from './deno-kv.ts'
export { createDenoKvStore, type DenoKvStoreOptions } from './kv-store.ts'

/** Token management for the users of one application, on Deno. */
export interface Evertoken extends CoreEvertoken {
  /**
   * Wraps a handler for `Deno.serve`: the routes of the library are answered, every other request is the
   * application's, with whatever else `Deno.serve` tells about it.
   */
  handler<Rest extends readonly unknown[]>(
    application: (request: Request, ...rest: Rest) => Response | Promise<Response>,
  ): (request: Request, ...rest: Rest) => Promise<Response>
}

/** @throws ConfigurationError when an option is missing, unknown or wrong, or Deno is older than 2.1. */
export function evertoken(options: EvertokenOptions): Evertoken {
  const core = createEvertoken(options, createDenoRuntime())
  return {
    ...core,
    handler:
      (application) =>
      (request, ...rest) =>
        core.handle(request, (same) => application(same, ...rest)),
  }
}

function createDenoRuntime(): Runtime {
  return {
    context: createRequestContext(),
    flights: createFlights(),
    // A Deno process outlives its responses.
    keepAlive() {},
    responses: createHeldResponses,
  }
}
