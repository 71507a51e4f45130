/**
 * Evertoken for Hono, on all runtimes.
 *
 * @module
 */
export type { KeepAlive } from './ports/runtime.ts'
export type {
  HandlerOptions,
  MiddlewareArguments,
  MiddlewareAuth,
  RoutedConnections,
} from './surface/handler-options.ts'
export { type HonoContext, honoMiddleware, type HonoMiddleware } from './surface/hono.ts'
