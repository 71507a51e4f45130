/**
 * Evertoken for Node.
 *
 * @module
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { RequestListener } from 'node:http'
import {
  createEvertoken,
  createFlights,
  type Evertoken as CoreEvertoken,
  type EvertokenOptions,
  type Handler,
  type Runtime,
} from '@evertoken/core'
import { createRequestListener } from '@remix-run/node-fetch-server'

export * from '@evertoken/core'

/** Token management for the users of one application, on Node. */
export interface Evertoken extends CoreEvertoken {
  /** Wraps a Fetch-style handler: the routes of the library are answered, every other request is the application's. */
  handler(application: Handler): (request: Request) => Promise<Response>
  /** The same for `http.createServer`: streaming both ways, with backpressure and aborts. */
  listener(application: Handler): RequestListener
}

/** @throws ConfigurationError when an option is missing, unknown or wrong. */
export function evertoken(options: EvertokenOptions): Evertoken {
  const core = createEvertoken(options, createNodeRuntime())
  const handler = (application: Handler) => (request: Request) => core.handle(request, application)
  return {
    ...core,
    handler,
    listener: (application) => originForm(promptHeaders(createRequestListener(handler(application)))),
  }
}

/** A response whose body has nothing to say yet, such as an event stream, is answered all the same. */
function promptHeaders(listener: RequestListener): RequestListener {
  return (request, response) => {
    const writeHead = response.writeHead.bind(response)
    response.writeHead = (...head: unknown[]) => {
      setImmediate(() => response.writableEnded || response.flushHeaders())
      return Reflect.apply(writeHead, response, head)
    }
    listener(request, response)
  }
}

/** A request target that is no path (RFC 9112 §3.2) names no resource here. */
function originForm(listener: RequestListener): RequestListener {
  return (request, response) => {
    if (request.url?.startsWith('/')) listener(request, response)
    else response.writeHead(400).end('Bad Request')
  }
}

function createNodeRuntime(): Runtime {
  const storage = new AsyncLocalStorage<object>()
  return {
    context: { run: (value, work) => storage.run(value, work), get: () => storage.getStore() },
    flights: createFlights(),
    // A Node process outlives its responses.
    keepAlive() {},
  }
}
