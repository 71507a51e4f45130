/**
 * Evertoken for Node.
 *
 * @module
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { type IncomingMessage, type RequestListener, STATUS_CODES } from 'node:http'
import {
  checkHandlerOptions,
  createEvertoken,
  createFlights,
  createHeldResponses,
  type Evertoken as CoreEvertoken,
  type EvertokenOptions,
  type Handler,
  type HandlerOptions,
  type Runtime,
} from '@evertoken/core'
import { createRequestListener } from '@remix-run/node-fetch-server'
import { processEnvironment } from './process-environment.ts'
import { createReadRequests, isBodyRead, withoutBody } from './read-body.ts'

export * from '@evertoken/core'

/** Token management for the users of one application, on Node. */
export interface Evertoken extends CoreEvertoken {
  /**
   * Wraps a Fetch-style handler. Evertoken handles its own routes and passes all other requests to your application.
   *
   * @param application - Handles all other requests.
   * @param options - `keepAlive` is required on platforms that freeze the process after a response.
   * @throws {ConfigurationError} If an option is unknown or invalid.
   * @example
   *   import { waitUntil } from '@vercel/functions'
   *   export default { fetch: auth.handler(application, { keepAlive: waitUntil }) }
   */
  handler(application: Handler, options?: HandlerOptions): (request: Request) => Promise<Response>
  /**
   * Does the same for `http.createServer`. Bodies stream both ways, with backpressure and aborts.
   *
   * @param application - Handles all requests that are not for a route of Evertoken.
   * @param options - The same as for `handler`.
   * @throws {ConfigurationError} If an option is unknown or invalid.
   * @example
   *   createServer(auth.listener(application)).listen(3000)
   */
  listener(application: Handler, options?: HandlerOptions): RequestListener
}

/** @throws ConfigurationError when an option is missing, unknown or wrong. */
export function evertoken(options: EvertokenOptions): Evertoken {
  const core = createEvertoken(options, createNodeRuntime())
  function handler(application: Handler, given?: HandlerOptions): (request: Request) => Promise<Response> {
    const { keepAlive } = checkHandlerOptions(given)
    return (request) => core.handle(request, application, keepAlive)
  }
  return {
    ...core,
    handler,
    listener(application, given) {
      const { keepAlive } = checkHandlerOptions(given)
      const listen = createRequestListener(handler(application, given))
      return wellFormed(
        promptHeaders((incoming, response) => {
          if (!isBodyRead(incoming)) return listen(incoming, response)
          const listenWithoutBody = createRequestListener((request) => {
            const { forRoutes, forApplication } = createReadRequests(incoming, request)
            return core.handle(
              forRoutes,
              (_request, session) => application(forApplication, session),
              keepAlive,
            )
          })
          listenWithoutBody(withoutBody(incoming), response)
        }),
      )
    },
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

/** Answers what no `Request` can be made of. */
function wellFormed(listener: RequestListener): RequestListener {
  return (request, response) => {
    const status = refusalOf(request)
    if (status === undefined) listener(request, response)
    else response.writeHead(status).end(STATUS_CODES[status])
  }
}

function refusalOf({ method = '', url = '', headers }: IncomingMessage): 400 | 501 | undefined {
  if (/^(?:CONNECT|TRACE|TRACK)$/i.test(method)) return 501
  // A target that is no path (RFC 9112 §3.2) names no resource here. HTTP/2 has `:authority` in the place of `Host`.
  const hosts = [headers[':authority'], headers.host].filter((host) => host !== undefined)
  return url.startsWith('/') && hosts.flat().every(isAuthority) ? undefined : 400
}

/** Whether it is a host and perhaps a port (RFC 9110 §7.2), and nothing that a URL reads as more. */
function isAuthority(host: string): boolean {
  return /^[^\s/\\?#@]+$/.test(host) && URL.canParse(`http://${host}`)
}

function createNodeRuntime(): Runtime {
  const storage = new AsyncLocalStorage<object>()
  return {
    context: { run: (value, work) => storage.run(value, work), get: () => storage.getStore() },
    flights: createFlights(),
    // A Node process outlives its responses.
    keepAlive() {},
    responses: createHeldResponses,
    environment: processEnvironment,
  }
}
