/**
 * Evertoken for Deno.
 *
 * @module
 */
import {
  checkHandlerOptions,
  createEvertoken,
  createFlights,
  createHeldResponses,
  type Evertoken as CoreEvertoken,
  type EvertokenOptions,
  findKeepAlive,
  type HandlerOptions,
  type Runtime,
} from '@evertoken/core'
import { denoEnvironment } from './deno-environment.ts'
import { createRequestContext } from './request-context.ts'

export * from '@evertoken/core'
export type { DenoKv, DenoKvAtomic, DenoKvEntry, DenoKvKey } from './deno-kv.ts'
export { createDenoKvStore, type DenoKvStoreOptions } from './kv-store.ts'

/** Token management for the users of one application, on Deno. */
export interface Evertoken extends CoreEvertoken {
  /**
   * Wraps a handler for `Deno.serve`. Evertoken handles its own routes and passes all other requests to your
   * application, with the `info` of `Deno.serve`.
   *
   * @param application - Handles all other requests.
   * @param options - `keepAlive` is required on platforms that freeze the process after a response, unless an argument of
   * the platform has a method `waitUntil`, as on Netlify.
   * @throws {ConfigurationError} If an option is unknown or invalid.
   * @example
   *   Deno.serve(auth.handler((request, info) => new Response(info.remoteAddr.hostname)))
   */
  handler<Rest extends readonly unknown[]>(
    application: (request: Request, ...rest: Rest) => Response | Promise<Response>,
    options?: HandlerOptions,
  ): (request: Request, ...rest: Rest) => Promise<Response>
}

/** @throws ConfigurationError when an option is missing, unknown or wrong, or Deno is older than 2.1. */
export function evertoken(options: EvertokenOptions): Evertoken {
  const core = createEvertoken(options, createDenoRuntime())
  return {
    ...core,
    handler(application, given) {
      const { keepAlive } = checkHandlerOptions(given)
      return (request, ...rest) =>
        core.handle(request, (same) => application(same, ...rest), keepAlive ?? findKeepAlive(rest))
    },
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
