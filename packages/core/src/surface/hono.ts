import {
  checkMiddlewareArguments,
  findKeepAlive,
  type MiddlewareArguments,
  type MiddlewareAuth,
} from './handler-options.ts'

/** The part of a context of Hono that the middleware uses. */
export interface HonoContext {
  /** The request. `raw` is the one of the platform. */
  readonly req: { readonly raw: Request }
  /** The bindings of the platform. */
  readonly env: unknown
  /** The execution context of the platform. Reading it throws an error if there is none. */
  readonly executionCtx: unknown
  /** The response of the handlers. */
  get res(): Response
  set res(response: Response | undefined)
}

/** A middleware of Hono. */
export type HonoMiddleware = (
  context: HonoContext,
  next: () => Promise<void>,
) => Promise<Response | undefined>

/**
 * Returns a middleware that handles the routes of Evertoken and gives all later handlers the session of the request.
 *
 * In these handlers, the functions of `auth` and its token fetches use that session. Cookies of the session are added to
 * the response. Errors of the handlers reach `app.onError`. Bodies are not buffered.
 *
 * Register it for all paths, before the handlers that use the session and before middleware that reads bodies.
 *
 * @param auth - The object that `evertoken()` of the package for your runtime returns.
 * @param others - The result of `createConnections()`, if the middleware serves its routes, and the options. `keepAlive` is
 *   required on platforms that freeze the process after a response, unless Hono has an `executionCtx`, as on Workers.
 * @throws {ConfigurationError} If an option is unknown or invalid.
 * @example
 *   app.use(honoMiddleware(auth)) // or: honoMiddleware(auth, connections)
 *   app.get('/orders', async () => relay(await orders('recent')))
 */
export function honoMiddleware(auth: MiddlewareAuth, ...others: MiddlewareArguments): HonoMiddleware {
  const { routeOf, keepAlive } = checkMiddlewareArguments(others)
  return async (context, next) => {
    const platform = keepAlive ? { waitUntil: keepAlive } : executionOf(context)
    let isRoute = true
    const handle = auth.handler(async () => {
      const response = routeOf(context.req.raw, findKeepAlive([platform]))
      if (response) return response
      isRoute = false
      await next()
      return context.res
    })
    const response = await handle(context.req.raw, context.env as never, platform as never)
    if (isRoute) return response
    // Otherwise, Hono would replace the cookies of the response with those of the one before.
    context.res = undefined
    context.res = response
    return undefined
  }
}

function executionOf(context: HonoContext): unknown {
  try {
    return context.executionCtx
  } catch {
    return undefined
  }
}
