import {
  createEmitter,
  createIsolateFlights,
  createOutside,
  notFound,
  type Outside,
  type Runtime,
  type SessionEngine,
  withPartsOf,
} from '@evertoken/core/adapter'
import {
  ConfigurationError,
  type EventListener,
  type KeepAlive,
  type SessionCookies,
  type SessionStore,
  type TokenSession,
} from '@evertoken/core/tokens'
import { probeStore } from './durable-object-store.ts'
import { createEngines, type FromEnv, notPassedOn } from './engines.ts'
import { type AsyncStorage, createRequestContext } from './request-context.ts'
import { checkWorkerOptions, type StoredOptions } from './worker-options.ts'

/** The part of the platform's `ExecutionContext` that is used here. */
export interface WorkerContext {
  /** Keeps work alive after the response. */
  waitUntil(work: Promise<unknown>): void
}

/** The `fetch` of an application. `session` is the session of the user. It needs no async context. */
export type WorkerHandler<Env, Incoming extends Request, Context extends WorkerContext, User> = (
  request: Incoming,
  env: Env,
  ctx: Context,
  session: User,
) => Response | Promise<Response>

/** The sessions of a Worker's users. */
export interface Worker<User extends object, Env, Bound = User & BoundWorker<User>> {
  /**
   * Wraps the `fetch` of a Worker. Evertoken handles its own routes and passes all other requests to your application,
   * with `env`, `ctx` and the session of the user. Without async context, use this session.
   *
   * @param application - Handles all other requests. Without it, they get 404.
   * @returns The `fetch` of the Worker. It throws a `ConfigurationError` at the first request if an option is missing,
   * unknown or invalid.
   */
  handler<Incoming extends Request, Given extends Env, Context extends WorkerContext>(
    application?: WorkerHandler<Given, Incoming, Context, User>,
  ): (request: Incoming, env: Given, ctx: Context) => Promise<Response>
  /** The same for the `fetch` of a framework, such as Hono, whose last argument is optional. */
  handler<Incoming extends Request, Given extends Env, Context extends WorkerContext>(
    application: (request: Incoming, env: Given, ctx?: Context) => Response | Promise<Response>,
  ): (request: Incoming, env: Given, ctx: Context) => Promise<Response>
  /**
   * Returns all functions for one invocation of the Worker, also for `scheduled`, `queue` and the alarm of an object.
   * There, a token fetch with `token: 'client'` needs no session.
   *
   * @param env - The bindings, as the platform passes them.
   * @param ctx - Its `waitUntil` keeps refreshes alive.
   * @throws {ConfigurationError} If `env` or `ctx` is missing, or an option is missing, unknown or invalid.
   * @example
   *   export default {
   *     async queue(batch: MessageBatch<{ sessionId: string }>, env: Env, ctx: ExecutionContext) {
   *       const { sessionById } = auth.bind(env, ctx)
   *       for (const { body } of batch.messages) await sync(sessionById(body.sessionId))
   *     },
   *   }
   */
  bind(env: Env, ctx: WorkerContext): Bound
}

/** The functions of one invocation, in addition to those of a session. They keep background work alive with its `ctx`. */
export interface BoundWorker<User extends object> {
  /**
   * Handles the routes of Evertoken, and passes every other request to `application`, with the session of its user.
   *
   * @throws {ConfigurationError} If `baseUrl` or the binding of the store is wrong.
   */
  handle(
    request: Request,
    application: (request: Request, session: User) => Response | Promise<Response>,
  ): Promise<Response>
  /** Handles only the routes of Evertoken. Returns `undefined` for every other request. */
  route(request: Request): Promise<Response> | undefined
  /**
   * Returns the session of a request. In `handler`, Evertoken adds its cookies to the response. Elsewhere, use `commit`.
   *
   * @param request - A request of the user's browser.
   */
  session(request: Request): User & SessionCookies
  /** The same for a response that cannot set cookies. A call that needs a new cookie throws `session_read_only`. */
  readOnlySession(request: Request): User
  /**
   * Returns a server session, for queues, schedules and streams.
   *
   * @param id - The `id` of `getSession`.
   * @throws {ConfigurationError} If the option `session` is not `server`.
   */
  sessionById(id: string): TokenSession
}

/** Parts of the platform that Evertoken cannot always find. */
export interface Platform {
  /** An `AsyncLocalStorage`, for Workers that import it themselves under the flag `nodejs_als`. */
  readonly asyncStorage?: AsyncStorage
}

/** The differences between the two entries of this package. */
export interface WorkerEntry<Options, User extends object, Current> {
  engine(options: Options, runtime: Runtime): SessionEngine<User>
  current(context: Runtime['context'], onEvent: EventListener, outside?: Outside): Current
}

/** No request can wake another one here, so requests that wait in line poll at this interval, in milliseconds. */
export const POLL_MS = 25
/** A rebuild can occur at each request. */
const REPORT_PAUSE_MS = 60_000

export function createWorker<Options extends StoredOptions, User extends object, Current, Env>(
  { engine, current }: WorkerEntry<Options, User, Current>,
  options: FromEnv<Options, Env>,
  { asyncStorage }: Platform = {},
): Current & Worker<User, Env, Current & BoundWorker<User>> {
  const context = createRequestContext(asyncStorage)
  // If the options come from `env`, they are known only after the first request.
  let emit: EventListener = () => undefined
  const reportRebuild = createRebuildReport()
  const engineOf = createEngines(options, (given, isRebuilt) => {
    checkWorkerOptions(given)
    emit = createEmitter(given.onEvent)
    if (isRebuilt) reportRebuild(emit)
    const runtime = { context, flights: createIsolateFlights(), pollMs: POLL_MS, keepAlive() {} }
    const checkStore = createStoreCheck(given.store)
    return { core: engine(given, runtime), checkStore }
  })
  const report: EventListener = (event) => emit(event)
  return {
    ...current(context, report),
    handler:
      <Incoming extends Request, Given extends Env, Context extends WorkerContext>(
        application: WorkerHandler<Given, Incoming, Context, User> = notFound,
      ) =>
      async (request: Incoming, env: Given, ctx: Context) => {
        const { checkStore, core } = engineOf(env)
        await checkStore()
        const respond = (_request: Request, user: User) => application(request, env, ctx, user)
        return core.handle(request, respond, keepAliveOf(ctx))
      },
    bind(env, ctx) {
      const { checkStore, core } = engineOf(env)
      const { handle, route, session, readOnlySession, sessionById } = core
      const keepAlive = keepAliveOf(ctx)
      const bound: Current & BoundWorker<User> = {
        ...current(context, report, createOutside(core, context, keepAlive)),
        async handle(request, application) {
          await checkStore()
          return handle(request, application, keepAlive)
        },
        route: (request) => route(request, keepAlive),
        session: (request) => session(request, keepAlive),
        readOnlySession: (request) => readOnlySession(request, keepAlive),
        sessionById: (id) => sessionById(id, keepAlive),
      }
      return withPartsOf(bound, core, keepAlive)
    },
  }
}

const REBUILD_HINT = 'Pass the `env` of the Worker on unchanged, without values of a request.'

/**
 * Creates a report with its own rate limit. The limit of events is in the engine, and each rebuild creates a new
 * engine.
 */
function createRebuildReport(): (emit: EventListener) => void {
  let reportedAt = -Infinity
  return (emit) => {
    if (Date.now() - reportedAt < REPORT_PAUSE_MS) return
    reportedAt = Date.now()
    emit({ type: 'options_recomputed', hint: REBUILD_HINT })
  }
}

/** How long the first request waits for the check. The store may be down, and that is not a wrong configuration. */
const CHECK_MS = 1000

/**
 * Checks the store at the first request of an isolate. A request without a session does not use the store, so a wrong
 * configuration would otherwise show only after a user has signed in.
 */
function createStoreCheck(store: SessionStore): () => Promise<void> {
  let isChecked = false
  return async () => {
    if (isChecked) return
    // Requests that arrive during the check do not wait for it.
    isChecked = true
    const late = new Promise<void>((resolve) => setTimeout(resolve, CHECK_MS))
    await Promise.race([probeStore(store), late]).catch((error: unknown) => {
      if (!(error instanceof ConfigurationError)) return
      isChecked = false
      throw error
    })
  }
}

export function keepAliveOf(ctx: WorkerContext | undefined): KeepAlive {
  if (typeof ctx?.waitUntil === 'function') return (work) => ctx.waitUntil(work)
  throw notPassedOn('keep a refresh alive')
}
