import { env as globalEnv } from 'cloudflare:workers'
import {
  createDurableObjectStore,
  type UserSession,
  evertoken,
  EvertokenError,
  type EvertokenEvent,
  type SessionsNamespace,
  type TokenFetch,
  type WorkerContext,
} from '../../src/index.ts'

export { EvertokenSessions } from '../../src/index.ts'

interface Env {
  readonly ISSUER: string
  readonly SESSION: 'cookie' | 'server'
  readonly SESSION_SECRET: string
  readonly SESSIONS: SessionsNamespace
  readonly API: { readonly fetch: TokenFetch }
}

const events: EvertokenEvent[] = []

/** How far this isolate is ahead of the machine, in seconds. */
let ahead = 0

export const auth = evertoken((env: Env) => ({
  issuer: env.ISSUER,
  clientId: 'web',
  clientSecret: 'web-secret-for-tests-only',
  encryptionSecret: env.SESSION_SECRET,
  session: env.SESSION,
  store: createDurableObjectStore(env.SESSIONS),
  onEvent: (event) => void events.push(event),
  clock: {
    now: () => Date.now() / 1000 + ahead,
    elapsed: () => performance.now(),
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        const timer = setTimeout(resolve, ms)
        signal?.addEventListener('abort', () => {
          clearTimeout(timer)
          resolve()
        })
      }),
  },
}))

export const api = auth.createTokenFetch({
  baseUrl: 'https://api.example.com/',
  fetch: (input, init) => (globalEnv as Env).API.fetch(input, init),
})

const pages: Record<string, (env: Env, session: Session, request: Request) => Promise<Response>> = {
  '/ambient': () => tokenOf(auth),
  '/explicit': (_env, session) => tokenOf(session),
  '/api': () => api('orders'),
  '/events': async () => Response.json(events),
  '/bound-api': (env, session) => {
    const mine = session.createTokenFetch({
      baseUrl: 'https://api.example.com/',
      fetch: (input, init) => env.API.fetch(input, init),
    })
    return mine('orders')
  },
  '/revoke': async () => new Response(await auth.revokeRefreshToken()),
  '/id': async () => new Response((await auth.getSession())?.id),
  async '/advance'(_env, _session, request) {
    ahead += Number(new URL(request.url).searchParams.get('seconds'))
    return new Response()
  },
}

type Session = UserSession

const handle = auth.handler(async (request, env: Env, _ctx, session) => {
  const page = pages[new URL(request.url).pathname]
  return page ? page(env, session, request) : new Response('not found', { status: 404 })
})

export default {
  async fetch(request: Request, env: Env, ctx: WorkerContext): Promise<Response> {
    try {
      const id = new URL(request.url).searchParams.get('session')
      return id === null
        ? await handle(request, env, ctx)
        : await tokenOf(auth.bind(env, ctx).sessionById(id))
    } catch (error) {
      if (!(error instanceof EvertokenError)) throw error
      const { name, code, message } = error
      return Response.json({ name, code, message }, { status: 500 })
    }
  },
}

/** Responds with the value of the token, which only a test may do. */
async function tokenOf(session: Pick<Session, 'getUserAccessToken'>): Promise<Response> {
  const token = await session.getUserAccessToken()
  return new Response(token?.value ?? 'nobody', { status: token ? 200 : 401 })
}
