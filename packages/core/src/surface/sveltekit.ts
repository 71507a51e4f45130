import {
  checkMiddlewareArguments,
  findKeepAlive,
  type MiddlewareArguments,
  type MiddlewareAuth,
} from './handler-options.ts'

/** The part of an event of SvelteKit that the hook uses. */
export interface SvelteKitEvent {
  /** The request of the browser. */
  readonly request: Request
  /** The objects that the adapter passes, such as `env` and `ctx` of `adapter-cloudflare`. */
  readonly platform?: object | undefined
}

/** The hook `handle` of SvelteKit. */
export type SvelteKitHandle = <Event extends SvelteKitEvent>(input: {
  readonly event: Event
  readonly resolve: (event: Event) => Response | Promise<Response>
}) => Promise<Response>

/** What adapters put into `platform`. The name of the execution context depends on the adapter and its version. */
interface Platform {
  readonly env?: unknown
  readonly ctx?: unknown
  readonly context?: unknown
}

/**
 * Returns the hook `handle`, which handles the routes of Evertoken and gives all other code the session of the request.
 *
 * In endpoints, actions and `load` functions of the server, the functions of `auth` and its token fetches use that session.
 * Cookies of the session are added to the response. Bodies are not buffered.
 *
 * If you have other hooks, combine them with `sequence` of SvelteKit. Hooks that use the session come after this one.
 *
 * @param auth - The object that `evertoken()` of the package for your runtime returns.
 * @param others - The result of `createConnections()`, if the hook serves its routes, and the options. `keepAlive` is required
 *   on platforms that freeze the process after a response, unless the adapter passes an execution context, as
 *   `adapter-cloudflare` does.
 * @throws {ConfigurationError} If an option is unknown or invalid.
 * @example
 *   // src/hooks.server.ts
 *   export const handle = svelteKitHandle(auth) // or: svelteKitHandle(auth, connections)
 */
export function svelteKitHandle(auth: MiddlewareAuth, ...others: MiddlewareArguments): SvelteKitHandle {
  const { routeOf, keepAlive } = checkMiddlewareArguments(others)
  return ({ event, resolve }) => {
    const { env, ctx, context }: Platform = event.platform ?? {}
    const execution = keepAlive ? { waitUntil: keepAlive } : (ctx ?? context)
    const respond = async () => routeOf(event.request, findKeepAlive([execution])) ?? resolve(event)
    return auth.handler(respond)(event.request, env as never, execution as never)
  }
}
