/**
 * Evertoken for Cloudflare Workers.
 *
 * @module
 */
import {
  ConfigurationError,
  createCurrentSession,
  createEngine,
  type CurrentSession,
  type Engine,
  type KeepAlive,
  type UserSession,
} from '@evertoken/core'
import { createIsolateFlights } from './isolate-flights.ts'
import { type AsyncStorage, createRequestContext } from './request-context.ts'
import { checkWorkerOptions, type WorkerOptions } from './worker-options.ts'

export * from '@evertoken/core'
export { createDurableObjectStore, type SessionsNamespace } from './durable-object-store.ts'
export { EvertokenSessions, type SessionsState, type SessionsStorage } from './evertoken-sessions.ts'
export type { AsyncStorage } from './request-context.ts'
export type { WorkerOptions } from './worker-options.ts'

/** Of the platform's `ExecutionContext`, what is used here. */
export interface WorkerContext {
  waitUntil(work: Promise<unknown>): void
}

/** An application's `fetch`. `session` is the user's: the only way to it where there is no async context. */
export type WorkerHandler<Env, Incoming extends Request, Context extends WorkerContext> = (
  request: Incoming,
  env: Env,
  ctx: Context,
  session: CurrentSession,
) => Response | Promise<Response>

/**
 * Token management for the users of one application, on Workers. What the session interface offers is here as well,
 * for the user of the request being handled; that needs the compatibility flag `nodejs_compat`.
 */
export interface Evertoken<Env> extends CurrentSession {
  /**
   * Wraps the `fetch` of a Worker: the routes of the library are answered, every other request is the application's.
   * The result throws a ConfigurationError at the first request when an option is missing, unknown or wrong.
   */
  handler<Incoming extends Request, Context extends WorkerContext>(
    application: WorkerHandler<Env, Incoming, Context>,
  ): (request: Incoming, env: Env, ctx: Context) => Promise<Response>
  /** The session of a request, named explicitly. */
  session(request: Request, env: Env, ctx: WorkerContext): UserSession
  /** A server session by what `getId` gave: for queues, schedules and streams. */
  sessionById(id: string, env: Env, ctx: WorkerContext): UserSession
}

export interface Platform {
  /** An `AsyncLocalStorage`, for Workers that import it themselves under the flag `nodejs_als`. */
  readonly asyncStorage?: AsyncStorage
}

/**
 * @param options - As a function when they come from `env`: it is called at the first request.
 * @throws ConfigurationError when an option is missing, unknown or wrong.
 */
export function evertoken<Env = unknown>(
  options: WorkerOptions | ((env: Env) => WorkerOptions),
  { asyncStorage }: Platform = {},
): Evertoken<Env> {
  const context = createRequestContext(asyncStorage)
  const engineOf = enginesOf(options, (checked) =>
    createEngine(checked, { context, flights: createIsolateFlights(), keepAlive() {} }),
  )
  return {
    ...createCurrentSession(context),
    handler: (application) => async (request, env, ctx) =>
      engineOf(env).handle(
        request,
        (_request, session) => application(request, env, ctx, session),
        keepAliveOf(ctx),
      ),
    session: (request, env, ctx) => engineOf(env).session(request, keepAliveOf(ctx)),
    sessionById: (id, env, ctx) => engineOf(env).sessionById(id, keepAliveOf(ctx)),
  }
}

/** The engine for an `env`, made when it is first seen; an isolate sees one. */
function enginesOf<Env>(
  options: WorkerOptions | ((env: Env) => WorkerOptions),
  create: (options: WorkerOptions) => Engine,
): (env: Env) => Engine {
  if (typeof options !== 'function') {
    checkWorkerOptions(options)
    const engine = create(options)
    return () => engine
  }
  const engines = new WeakMap<object, Engine>()
  return (env) => {
    const known = engines.get(env as object)
    if (known) return known
    const given = options(env)
    checkWorkerOptions(given)
    const engine = create(given)
    engines.set(env as object, engine)
    return engine
  }
}

function keepAliveOf(ctx: WorkerContext | undefined): KeepAlive {
  if (typeof ctx?.waitUntil === 'function') return (work) => ctx.waitUntil(work)
  const message = 'Cannot keep a refresh alive: pass "env" and "ctx" on, as the Worker got them'
  throw new ConfigurationError('invalid_option', message)
}
