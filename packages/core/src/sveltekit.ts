/**
 * Evertoken for SvelteKit, on all runtimes.
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
export { type SvelteKitEvent, svelteKitHandle, type SvelteKitHandle } from './surface/sveltekit.ts'
