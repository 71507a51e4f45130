import { parseCookies } from '../rules/sessions/cookies.ts'
import { cookiesAfter, type ParsedCookie, parseSetCookie } from '../rules/sessions/set-cookie.ts'
import type { KeepAlive } from '../ports/runtime.ts'
import { readOnly } from '../mechanisms/sessions/read-only-session.ts'
import { ConfigurationError } from '../vocabulary/index.ts'
import type { Evertoken } from './evertoken.ts'
import {
  createHandler,
  type HandlerFactory,
  type MiddlewareArguments,
  checkMiddlewareArguments,
} from './handler-options.ts'
import type { UserSession } from './user-session.ts'

/** The part of `evertoken()` that Next.js needs. */
export type NextAuth = Pick<Evertoken, 'handle' | 'readOnlySession' | 'getUserAccessToken'>

/** The session of a user where no cookie can be set. */
export type ReadOnlySession = Pick<
  UserSession,
  'getUser' | 'getUserAccessToken' | 'createTokenFetch' | 'getSession' | 'loginUrlFor'
>

type RouteHandler = (request: Request, ...rest: readonly unknown[]) => Promise<Response>

/** The second argument of a proxy. */
interface FetchEvent {
  waitUntil(work: Promise<unknown>): void
}

/** One function for each place of an application that has sessions. */
export interface NextFunctions {
  /** Handles the routes of Evertoken, in `app/auth/[...evertoken]/route.ts`. */
  readonly GET: RouteHandler
  /** Handles the routes of Evertoken that receive a form, such as the logout. */
  readonly POST: RouteHandler
  /**
   * Wraps a route handler. In it, the functions of `auth` use the session of the request. It gets all arguments of Next.js.
   *
   * @example
   *   export const GET = route(async (request: NextRequest, { params }: RouteContext<'/orders/[id]'>) =>
   *     relay(await orders((await params).id)),
   *   )
   */
  readonly route: HandlerFactory['handler']
  /**
   * The proxy, in `proxy.ts`. It handles the routes of Evertoken and refreshes an access token that has expired, so that
   * server components can use it. Errors of the refresh are left to the page, which gets the same ones.
   *
   * @example
   *   export const { proxy } = next(auth)
   *   export const config = { matcher: '/((?!_next/).*)' }
   */
  readonly proxy: (request: Request, event?: FetchEvent) => Promise<Response>
  /**
   * Returns the session in a server component. It is read-only, because a server component cannot set cookies.
   *
   * `getUser` returns the claims of the session. If the access token has expired, only `proxy` checks that the grant is alive.
   *
   * @throws {ConfigurationError} From functions that need a token: `session_read_only`, if the cookie carries the session
   * and the access token has expired. Use `proxy`, which refreshes it first.
   * @example
   *   const user = await (await session()).getUser()
   */
  readonly session: () => Promise<ReadOnlySession>
  /**
   * Wraps a server action. In it, the functions of `auth` use the session of the request, and cookies of the session are set.
   *
   * @throws {ConfigurationError} `session_read_only`, if a server component calls the action while it renders.
   * @example
   *   'use server'
   *   export const cancel = action(async (id: string) => (await orders(id, { method: 'DELETE' })).ok)
   */
  readonly action: <Args extends readonly unknown[], Result>(
    action: (...args: Args) => Promise<Result>,
  ) => (...args: Args) => Promise<Result>
}

/**
 * Returns the functions for the App Router of Next.js.
 *
 * Call it once, in the module that exports `auth`. Server components, route handlers and the proxy are separate modules, so
 * use a store that they share if you pass one.
 *
 * @param auth - The object that `evertoken()` of `@evertoken/node` returns.
 * @param others - The result of `createConnections()`, if `GET` and `POST` also serve its routes, and the options. `keepAlive` is
 *   required on platforms that freeze the process after a response.
 * @throws {ConfigurationError} If an option is unknown or invalid.
 * @example
 *   export const { GET, POST, route, proxy, session, action } = next(auth)
 */
export function next(auth: NextAuth, ...others: MiddlewareArguments): NextFunctions {
  const { routeOf, keepAlive } = checkMiddlewareArguments(others)
  const handleRoute: RouteHandler = (request) =>
    auth.handle(request, () => routeOf(request, keepAlive) ?? notFound(), keepAlive)

  async function proxy(request: Request, event?: FetchEvent): Promise<Response> {
    const keep: KeepAlive | undefined = keepAlive ?? (event && ((work) => event.waitUntil(work)))
    let isRoute = true
    const response = await auth.handle(
      request,
      async () => {
        isRoute = false
        // The page gets the same error, and can handle it.
        await auth.getUserAccessToken().catch(() => undefined)
        return new Response()
      },
      keep,
    )
    return isRoute ? withAbsoluteLocation(response, request.url) : continueWith(request, response)
  }

  function action<Args extends readonly unknown[], Result>(
    run: (...args: Args) => Promise<Result>,
  ): (...args: Args) => Promise<Result> {
    return async (...args) => {
      let finished: Promise<Result> | undefined
      const request = await currentRequest()
      const jar = await (await headersModule()).cookies()
      // During a render, Next.js has one function for all changes of cookies, which throws.
      if ((jar.set as unknown) === jar.delete) throw readOnly('run an action')
      const response = await auth.handle(
        request,
        async () => {
          finished = run(...args)
          // `redirect()` of Next.js throws. The cookies must be set before that error continues.
          await finished.catch(() => undefined)
          return new Response()
        },
        keepAlive,
      )
      for (const cookie of receivedFrom(response)) jar.set(cookie)
      return finished as Promise<Result>
    }
  }

  return {
    GET: handleRoute,
    POST: handleRoute,
    route: (application, own) => createHandler(auth.handle)(application, own ?? (keepAlive && { keepAlive })),
    proxy,
    async session() {
      return auth.readOnlySession(await currentRequest(), keepAlive)
    },
    action,
  }
}

function notFound(): Response {
  return new Response('Not found', { status: 404 })
}

/** Next.js refuses a `Location` of the proxy that is only a path. */
function withAbsoluteLocation(response: Response, base: string): Response {
  const location = response.headers.get('location')
  if (location !== null) response.headers.set('location', new URL(location, base).href)
  return response
}

/** Lets Next.js render the page, which sees the cookies that the browser is about to get. */
async function continueWith(request: Request, response: Response): Promise<Response> {
  const { NextResponse } = await serverModule()
  const received = receivedFrom(response)
  if (received.length === 0) return NextResponse.next()
  const headers = new Headers(request.headers)
  headers.set('cookie', cookiesAfter(parseCookies(headers.get('cookie')), received))
  const result = NextResponse.next({ request: { headers } })
  for (const [name, value] of response.headers) result.headers.append(name, value)
  return result
}

function receivedFrom({ headers }: Response): ParsedCookie[] {
  return headers.getSetCookie().map(parseSetCookie)
}

/** A server component and a server action have the headers of their request, and no `Request`. */
async function currentRequest(): Promise<Request> {
  const headers = new Headers(await (await headersModule()).headers())
  return new Request(`http://${headers.get('host') ?? 'localhost'}/`, { headers })
}

interface CookieJar {
  set(cookie: ParsedCookie): unknown
  delete(name: string): unknown
}

interface HeadersModule {
  headers(): Promise<Headers>
  cookies(): Promise<CookieJar>
}

interface ServerModule {
  readonly NextResponse: {
    next(init?: { readonly request: { readonly headers: Headers } }): Response
  }
}

// Imported only when they are used: outside of Next.js, this module must load too.
function headersModule(): Promise<HeadersModule> {
  // @ts-expect-error The application installs Next.js.
  return (import('next/headers.js') as Promise<HeadersModule>).catch(missing)
}

function serverModule(): Promise<ServerModule> {
  // @ts-expect-error The application installs Next.js.
  return (import('next/server.js') as Promise<ServerModule>).catch(missing)
}

function missing(): never {
  const message =
    'Cannot import Next.js. Use the functions of `next(auth)` only in an application of Next.js.'
  throw new ConfigurationError('no_current_session', message)
}
