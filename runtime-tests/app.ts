import { EvertokenError, type ExplicitSession, type TokenSession, type UserSession } from '@evertoken/core'
import { endSessions, listSessions } from '@evertoken/core/sessions'
import { type ContractCase, runContract } from '@evertoken/testkit'
import type { Controls } from './config.ts'

/** The sessions that a test names explicitly. */
export interface NamedSessions {
  session(request: Request): ExplicitSession
  sessionById(id: string): TokenSession
}

/** `Platform` is the list of arguments that the runtime passes with a request, if it does. */
export interface AppOptions<Platform extends readonly unknown[]> {
  readonly auth: UserSession
  readonly bind: (...platform: Platform) => NamedSessions
  /** The resource server, without a slash at the end. */
  readonly api: string
  readonly controls: Controls
  /** The contract of session stores, for the one of the platform. */
  readonly contract: () => readonly ContractCase[]
}

type Routes<Platform> = Record<
  string,
  (request: Request, parameters: URLSearchParams, platform: Platform) => Response | Promise<Response>
>

/** The application under test: pure Web Fetch. It reports facts about tokens, but never a token. */
export function createApp<Platform extends readonly unknown[]>(
  options: AppOptions<Platform>,
): (request: Request, ...platform: Platform) => Promise<Response> {
  const routes: Routes<Platform> = {
    ...tokenRoutes(options),
    ...apiRoutes(options.auth, options.api),
    ...testRoutes(options),
  }
  return async (request, ...platform) => {
    const { pathname, searchParams } = new URL(request.url)
    const route = routes[pathname]
    if (!route) return new Response('A page of the application')
    try {
      return await route(request, searchParams, platform)
    } catch (error) {
      if (!(error instanceof EvertokenError)) throw error
      return Response.json({ error: error.name, code: error.code }, { status: 500 })
    }
  }
}

function tokenRoutes<Platform extends readonly unknown[]>({
  auth,
  bind,
}: AppOptions<Platform>): Routes<Platform> {
  return {
    '/token': async () => describe(await auth.getUserAccessToken()),
    '/burst': async (_request, parameters) => {
      const calls = Array.from({ length: Number(parameters.get('count')) }, () => auth.getUserAccessToken())
      const values = (await Promise.all(calls)).map((token) => token?.value)
      return Response.json({ served: values.filter(Boolean).length, distinct: new Set(values).size })
    },
    '/impatient': async () => {
      const waiting = auth.getUserAccessToken({ signal: AbortSignal.timeout(20) })
      const outcome = await waiting.then(
        () => 'token',
        (error: unknown) => (error as Error).name,
      )
      return Response.json({ outcome })
    },
    '/explicit': async (request, _parameters, platform) => {
      const session = bind(...platform).session(request)
      return session.commit(await describe(await session.getUserAccessToken()))
    },
    '/by-id': async (_request, _parameters, platform) => {
      const session = bind(...platform).sessionById((await auth.getSession())?.id ?? '')
      return describe(await session.getUserAccessToken())
    },
    '/sign-out-everywhere-else': async (_request, _parameters, platform) => {
      const application = bind(...platform)
      const { id: except = '', claims } = (await auth.getSession()) ?? {}
      const sub = claims?.sub ?? ''
      const before = await listSessions(application, { sub })
      const ended = await endSessions(application, { sub, except })
      const after = await listSessions(application, { sub })
      return Response.json({ before: before.length, ended, after: after.length })
    },
    '/revoke': async () => Response.json({ outcome: await auth.revokeRefreshToken() }),
  }
}

function apiRoutes(auth: UserSession, api: string): Routes<unknown> {
  const call = auth.createTokenFetch({ baseUrl: `${api}/` })
  return {
    '/call': async (_request, parameters) => {
      const method = parameters.get('method') ?? 'GET'
      const body = parameters.get('body')
      const response = await call(parameters.get('to') ?? '', { method, ...(body !== null && { body }) })
      return parameters.has('as-it-is') ? response : new Response(response.body, response)
    },
    '/upload': async ({ body, signal }, parameters) => {
      const init = { method: 'POST', body, duplex: 'half', signal }
      const response = await call(parameters.get('to') ?? '', init)
      return new Response(response.body, response)
    },
    '/abort-download': async () => {
      const abort = new AbortController()
      const response = await call('endless', { signal: abort.signal })
      const reader = response.body?.getReader()
      const first = await reader?.read()
      abort.abort()
      const ended = await drain(reader).then(
        () => 'complete',
        () => 'aborted',
      )
      return Response.json({ received: (first?.value?.byteLength ?? 0) > 0, ended })
    },
  }
}

function testRoutes({ controls, contract }: Pick<AppOptions<[]>, 'controls' | 'contract'>): Routes<unknown> {
  return {
    '/test/events': () => Response.json(controls.events.splice(0)),
    '/test/ahead': (_request, parameters) => {
      controls.setAhead(Number(parameters.get('seconds')))
      return new Response()
    },
    '/test/contract': async () => {
      const { passed, failed } = await runContract(contract())
      const failures = failed.map(({ name, error }) => `${name}: ${String(error)}`)
      return Response.json({ passed, failures })
    },
  }
}

async function drain(reader: ReadableStreamDefaultReader | undefined): Promise<void> {
  let next = await reader?.read()
  while (next?.done === false) next = await reader?.read()
}

/** The same for the same token. It does not work as a token. */
async function describe(token: Awaited<ReturnType<UserSession['getUserAccessToken']>>): Promise<Response> {
  if (!token) return new Response('No user is signed in', { status: 401 })
  const bytes = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(token.value))
  const digest = Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('')
  return Response.json({ digest, type: token.type, expiresAt: token.expiresAt })
}
