import type { KeepAlive } from '../ports/runtime.ts'
import { ConfigurationError } from '../vocabulary/index.ts'
import { checkAll, hook, type OptionTable } from './checks.ts'

/** Options of the handlers that the packages for runtimes create. */
export interface HandlerOptions {
  /**
   * Keeps background work alive after the response, such as `waitUntil` of the platform.
   *
   * @default `waitUntil` of an argument that the platform passes, or the function of the runtime.
   */
  readonly keepAlive?: KeepAlive
}

const HANDLER_OPTIONS: OptionTable<{ readonly keepAlive: KeepAlive | undefined }> = { keepAlive: [hook] }

/**
 * Checks the options of a handler, so that a mistake shows when the handler is created.
 *
 * @param options - The options that the application passed. By default, none.
 * @returns The options. Adapters pass `keepAlive` to `handle`.
 * @throws {ConfigurationError} If an option is unknown or invalid.
 * @example
 *   const { keepAlive } = checkHandlerOptions({ keepAlive: (work) => context.waitUntil(work) })
 *   const response = await auth.handle(request, application, keepAlive)
 */
export function checkHandlerOptions(options: HandlerOptions = {}): {
  readonly keepAlive: KeepAlive | undefined
} {
  return checkAll(HANDLER_OPTIONS, options)
}

/** The part of `createConnections()` that serves its routes. */
export interface RoutedConnections {
  /**
   * Returns the response to a route, or `undefined` if the request is for the application.
   *
   * @param keepAlive - Keeps background work alive after the response. Default: the function of the runtime.
   */
  route(request: Request, keepAlive?: KeepAlive): Promise<Response> | undefined
}

/** The arguments of a middleware after `auth`. */
export type MiddlewareArguments =
  | readonly [options?: HandlerOptions]
  | readonly [connections: RoutedConnections, options?: HandlerOptions]

/**
 * Checks the arguments of a middleware after `auth`.
 *
 * @param given - The connections, if the middleware serves their routes, and the options.
 * @returns The function that serves the routes of connections, and the options.
 * @throws {ConfigurationError} If an option is unknown or invalid, or connections of a Worker are not bound.
 * @example
 *   const { routeOf, keepAlive } = checkMiddlewareArguments([{ route: () => undefined }])
 */
export function checkMiddlewareArguments(given: MiddlewareArguments): {
  readonly routeOf: RoutedConnections['route']
  readonly keepAlive: KeepAlive | undefined
} {
  const [first, second] = given
  if (typeof (Object(first) as { readonly bind?: unknown }).bind === 'function') throw notBound()
  const connections = hasRoutes(first) ? first : undefined
  const options = connections ? second : (first as HandlerOptions | undefined)
  return {
    routeOf: (request, keepAlive) => connections?.route(request, keepAlive),
    ...checkHandlerOptions(options),
  }
}

function notBound(): ConfigurationError {
  const message =
    'The connections of a Worker belong to one invocation. Create the middleware in a function with `env` and `ctx`, and pass ' +
    '`connections.bind(env, ctx)`.'
  return new ConfigurationError('invalid_option', message)
}

function hasRoutes(value: unknown): value is RoutedConnections {
  return typeof (Object(value) as Partial<RoutedConnections>).route === 'function'
}

/** A function of the application that a framework calls, perhaps with further arguments. */
export type RequestHandler<Incoming extends Request, Rest extends readonly unknown[]> = (
  request: Incoming,
  ...rest: Rest
) => Response | Promise<Response>

/**
 * The same function, wrapped. It accepts all arguments of the framework, also those that the application does not name.
 *
 * TypeScript infers the types of the arguments from the first signature.
 */
export type WrappedHandler<Incoming extends Request, Rest extends readonly unknown[]> = ((
  request: Incoming,
  ...rest: Rest
) => Promise<Response>) &
  ((request: Incoming, ...rest: [...Rest, ...unknown[]]) => Promise<Response>)

/** Wraps a request handler. */
export interface HandlerFactory {
  /**
   * Wraps a Fetch-style handler. Evertoken handles its own routes and passes all other requests to your application, with
   * all further arguments of the framework, unchanged and in place.
   *
   * @param application - Handles all other requests. In it, the functions of `auth` use the session of the request.
   *   Without it, other requests get 404.
   * @param options - `keepAlive` is required on platforms that freeze the process after a response, unless an argument of
   * the platform has a method `waitUntil`, as on Netlify.
   * @throws {ConfigurationError} If an option is unknown or invalid.
   * @example
   *   export default { fetch: auth.handler(app.fetch) } // Hono gets its `env` and `ctx`
   */
  handler<Incoming extends Request, Rest extends readonly unknown[]>(
    application?: RequestHandler<Incoming, Rest>,
    options?: HandlerOptions,
  ): WrappedHandler<Incoming, Rest>
}

/**
 * The part of the object of `evertoken()` that the middleware of a framework uses. The objects of all packages for runtimes
 * fit.
 */
export interface MiddlewareAuth {
  /** Wraps the handler of one request. The result takes the request, and then `env` and the context of the platform. */
  handler(
    application: () => Promise<Response>,
  ): (request: Request, env: never, context: never) => Promise<Response>
}

/**
 * Returns a 404 response. It is the application of an adapter that is created without one.
 *
 * @example
 *   const response = await auth.handle(request, notFound)
 */
export function notFound(): Response {
  return new Response('Not found', { status: 404 })
}

/**
 * Makes the `handler` of an adapter from its `handle`.
 *
 * @param handle - Handles one request, with the function that keeps work of the request alive.
 * @example
 *   const engine = createEngine({ ...options, store }, runtime)
 *   export const auth = { ...engine, handler: createHandler(engine.handle) }
 */
export function createHandler(
  handle: (
    request: Request,
    application: () => Response | Promise<Response>,
    keepAlive?: KeepAlive,
  ) => Promise<Response>,
): HandlerFactory['handler'] {
  return <Incoming extends Request, Rest extends readonly unknown[]>(
    application: RequestHandler<Incoming, Rest> = notFound,
    options?: HandlerOptions,
  ): WrappedHandler<Incoming, Rest> => {
    const { keepAlive } = checkHandlerOptions(options)
    return (request: Incoming, ...rest: readonly unknown[]) =>
      handle(request, () => application(request, ...(rest as Rest)), keepAlive ?? findKeepAlive(rest))
  }
}

interface WithWaitUntil {
  waitUntil(work: Promise<unknown>): void
}

/**
 * Finds `waitUntil` among the arguments that a platform passes to a handler after the request. Examples are the
 * context of Netlify, the event of Next.js, and the `ctx` of Workers.
 */
export function findKeepAlive(rest: readonly unknown[]): KeepAlive | undefined {
  const context = rest.find(hasWaitUntil)
  return context && ((work) => context.waitUntil(work))
}

function hasWaitUntil(argument: unknown): argument is WithWaitUntil {
  return typeof (Object(argument) as Partial<WithWaitUntil>).waitUntil === 'function'
}
