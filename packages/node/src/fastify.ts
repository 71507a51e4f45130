/**
 * A plugin for Fastify.
 *
 * @module
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { checkMiddlewareArguments, type MiddlewareArguments } from '@evertoken/core/adapter'
import { handleClassic, type RequestHandling } from './classic-handlers.ts'

/** The part of a Fastify instance that the plugin uses. */
export interface FastifyHooks {
  /** Adds a function that Fastify calls for each request. */
  addHook(name: 'onRequest', hook: FastifyHook): unknown
}

type FastifyHook = (
  request: { readonly raw: IncomingMessage },
  reply: { readonly raw: ServerResponse; send(payload: unknown): unknown },
  done: () => void,
) => void

/** A plugin of Fastify 5. */
export type FastifyPlugin = (instance: FastifyHooks, options: unknown, done: () => void) => void

/**
 * Returns a plugin that handles the routes of Evertoken and gives all handlers the session of the request.
 *
 * In these handlers, the functions of `auth` and its token fetches use that session. Cookies of the session are added just
 * before the headers are sent. Errors reach the error handler of Fastify. Bodies are not buffered.
 *
 * Register it at the root, and before other plugins whose hooks use the session. It applies to all routes, as if it were
 * wrapped by `fastify-plugin`.
 *
 * @param auth - The object that `evertoken()` returns.
 * @param others - The result of `createConnections()`, if its routes are served, and the options. `keepAlive` is required on
 *   platforms that freeze the process after a response.
 * @throws {ConfigurationError} If an option is unknown or invalid.
 * @example
 *   app.register(fastifyPlugin(auth)) // or: fastifyPlugin(auth, connections)
 *   app.get('/orders', async () => (await orders('recent')).json())
 */
export function fastifyPlugin(auth: RequestHandling, ...others: MiddlewareArguments): FastifyPlugin {
  const { routeOf, keepAlive } = checkMiddlewareArguments(others)
  const plugin: FastifyPlugin = (instance, _options, done) => {
    instance.addHook('onRequest', (request, reply, proceed) => {
      handleClassic(auth, { incoming: request.raw, response: reply.raw, routeOf, keepAlive, proceed }).then(
        (response) => response && reply.send(response),
        (error: unknown) => reply.send(error),
      )
    })
    done()
  }
  // Without this mark, the hook would apply only to routes that are registered inside the plugin.
  return Object.assign(plugin, { [Symbol.for('skip-override')]: true })
}
