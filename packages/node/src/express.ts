/**
 * Middleware for Express, and for other frameworks that take `(req, res, next)`.
 *
 * @module
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { checkMiddlewareArguments, type MiddlewareArguments } from '@evertoken/core/adapter'
import { sendResponse } from '@remix-run/node-fetch-server'
import { handleClassic, type RequestHandling } from './classic-handlers.ts'

/** A middleware of Express, and of frameworks with the same signature. */
export type ExpressMiddleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void

/**
 * Returns a middleware that handles the routes of Evertoken and gives all later handlers the session of the request.
 *
 * In these handlers, the functions of `auth` and its token fetches use that session, also after a body parser. Cookies of
 * the session are added just before the headers are sent. Errors reach the error handling of Express. Bodies are not
 * buffered.
 *
 * Register it before the handlers that use the session. Its place among body parsers and `compression()` does not matter.
 *
 * @param auth - The object that `evertoken()` returns.
 * @param others - The result of `createConnections()`, if its routes are served, and the options. `keepAlive` is required on
 *   platforms that freeze the process after a response.
 * @throws {ConfigurationError} If an option is unknown or invalid.
 * @example
 *   app.use(expressMiddleware(auth)) // or: expressMiddleware(auth, connections)
 *   app.get('/orders', async (req, res) => res.json(await (await orders('recent')).json()))
 */
export function expressMiddleware(auth: RequestHandling, ...others: MiddlewareArguments): ExpressMiddleware {
  const { routeOf, keepAlive } = checkMiddlewareArguments(others)
  async function handle(...[incoming, response, next]: Parameters<ExpressMiddleware>): Promise<void> {
    try {
      const proceed = () => next()
      const result = await handleClassic(auth, { incoming, response, routeOf, keepAlive, proceed })
      if (result) await sendResponse(response, result)
    } catch (error) {
      next(error)
    }
  }
  return (...call) => void handle(...call)
}
