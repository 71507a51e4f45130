import { keepAliveUntilDone } from '../mechanisms/runtime/background-work.ts'
import type { KeepAlive, Runtime } from '../ports/runtime.ts'
import { parseCookies } from '../rules/sessions/cookies.ts'
import type { BoundSession } from './bound-session.ts'
import type { Drainable, WorkTracker } from './drain.ts'
import type { RequestSessions } from './request-sessions.ts'
import { createSessionCookies, type SessionCookies, withCookies, withOwnCookies } from './session-cookies.ts'
import { createTokenSession, type TokenSession } from './token-session.ts'
import { withSources } from './application-sources.ts'
import type { SourceContext } from './token-source.ts'

type Application<User> = (request: Request, session: User) => Response | Promise<Response>

/** Handles requests, each with the session of its user. `keepAlive` is the function of the request, if there is one. */
export interface SessionEngine<User extends object> extends Drainable {
  /**
   * Handles the routes of Evertoken, and passes every other request to `application`, with the session of its user.
   *
   * @param request - A request of a browser.
   * @param application - Handles all requests that are not for a route of Evertoken.
   * @param keepAlive - Keeps background work alive after the response. Default: the function of the runtime.
   * @returns The response, with the cookies of the session.
   * @throws {ConfigurationError} If `baseUrl` is missing behind a reverse proxy.
   * @example
   *   const response = await auth.handle(request, async (_request, session) => Response.json(await session.getUser()))
   */
  handle(request: Request, application: Application<User>, keepAlive?: KeepAlive): Promise<Response>
  /**
   * Handles only the routes of Evertoken.
   *
   * @param request - A request of a browser.
   * @param keepAlive - Keeps background work alive after the response. Default: the function of the runtime.
   * @returns The response, or `undefined` if the request is for the application.
   * @example
   *   const response = await (auth.route(request) ?? application(request))
   */
  route(request: Request, keepAlive?: KeepAlive): Promise<Response> | undefined
  /**
   * Returns the session of a request. If `handle` handles the request, its response carries the cookies. Elsewhere, use
   * `commit` or `takeSetCookies`.
   *
   * @param request - A request of a browser.
   * @param keepAlive - Keeps background work alive after the response. Default: the function of the runtime.
   * @throws {ConfigurationError} If `baseUrl` is missing behind a reverse proxy.
   * @example
   *   const session = auth.session(request)
   *   const token = await session.getUserAccessToken()
   */
  session(request: Request, keepAlive?: KeepAlive): User & SessionCookies
  /**
   * Returns the session of a request whose response cannot set cookies. If the cookie carries the session, no refresh
   * token is spent: a call that needs a refresh throws `session_read_only`.
   *
   * @param request - A request of a browser.
   * @param keepAlive - Keeps background work alive after the response. Default: the function of the runtime.
   * @throws {ConfigurationError} If `baseUrl` is missing behind a reverse proxy.
   * @example
   *   const user = await auth.readOnlySession(request).getUser()
   */
  readOnlySession(request: Request, keepAlive?: KeepAlive): User
  /**
   * Returns a server session, for queues, schedules and streams.
   *
   * @param id - The `id` of `getSession`. An unknown ID is a session that has ended.
   * @param keepAlive - Keeps background work alive. Default: the function of the runtime.
   * @throws {ConfigurationError} If the option `session` is not `server`.
   * @example
   *   const token = await auth.sessionById(job.sessionId).getUserAccessToken()
   */
  sessionById(id: string, keepAlive?: KeepAlive): TokenSession
}

/** Finds Evertoken's route for a request. Returns `undefined` for requests to the application. */
export type FindRoute = (request: Request, cookies: ReadonlyMap<string, string>) => Route | undefined

/** Handles a request for a route, with the session of its browser. */
export type Route = (bound: BoundSession) => Promise<Response>

export interface SessionEngineOptions<User extends object> {
  /** The parts that token sources use. */
  readonly sources: SourceContext
  readonly sessions: RequestSessions
  readonly work: WorkTracker
  readonly runtime: Pick<Runtime, 'context' | 'keepAlive'>
  /** Creates the functions of a session. @param find - Finds the session, at every call. */
  createUser(find: () => BoundSession): User
  /** Absent if there are no routes. */
  readonly findRoute?: FindRoute | undefined
}

export function createSessionEngine<User extends object>(
  options: SessionEngineOptions<User>,
): SessionEngine<User> {
  const { sources, sessions, work, runtime, createUser, findRoute } = options
  /** Frameworks pass the same request to the application, whose session has only one cookie to send. */
  const handled = new WeakMap<Request, BoundSession>()
  const ownKeepAlive = work.tracking(runtime.keepAlive)
  const tracked = (given?: KeepAlive) => (given === undefined ? ownKeepAlive : work.tracking(given))
  const cookiesOf = (request: Request) => parseCookies(request.headers.get('cookie'))

  async function serveRoute(route: Route, bound: BoundSession): Promise<Response> {
    return withOwnCookies(bound, await keepAliveUntilDone(route(bound), bound.session.keepAlive))
  }

  async function handle(
    request: Request,
    respond: Application<User>,
    given: KeepAlive | undefined,
  ): Promise<Response> {
    const cookies = cookiesOf(request)
    const bound = sessions.open(request, cookies, tracked(given))
    handled.set(request, bound)
    const route = findRoute?.(request, cookies)
    if (route) return serveRoute(route, bound)
    const user = createUser(() => bound)
    return withCookies(bound, await runtime.context.run(bound, () => respond(request, user)))
  }

  return withSources<SessionEngine<User>>(
    {
      handle: (request, respond, keepAlive) => work.track(handle(request, respond, keepAlive)),
      route(request, keepAlive) {
        const cookies = cookiesOf(request)
        const route = findRoute?.(request, cookies)
        if (!route) return undefined
        const open = async () => sessions.open(request, cookies, tracked(keepAlive))
        return work.track(open().then((bound) => serveRoute(route, bound)))
      },
      session(request, keepAlive) {
        const open = () => sessions.open(request, cookiesOf(request), tracked(keepAlive))
        const bound = handled.get(request) ?? open()
        return Object.assign(
          createUser(() => bound),
          createSessionCookies(bound),
        )
      },
      readOnlySession(request, keepAlive) {
        const bound = sessions.openReadOnly(request, cookiesOf(request), tracked(keepAlive))
        return createUser(() => bound)
      },
      sessionById(id, keepAlive) {
        const bound = sessions.openById(id, tracked(keepAlive))
        return createTokenSession(() => bound)
      },
      drain: work.drain,
      [Symbol.asyncDispose]: work[Symbol.asyncDispose],
    },
    sources,
  )
}
