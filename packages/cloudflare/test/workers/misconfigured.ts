import { env as globalEnv } from 'cloudflare:workers'
import {
  createDurableObjectStore,
  createMemoryStore,
  evertoken,
  EvertokenError,
  type SessionStore,
  type SessionsNamespace,
  type WorkerContext,
  type WorkerOptions,
} from '../../src/index.ts'

export { EvertokenSessions } from '../../src/index.ts'

interface Env {
  readonly SESSIONS: SessionsNamespace
  readonly KV: SessionsNamespace & SessionStore
  readonly API: SessionsNamespace
  readonly SECRET: string
}

const good = {
  issuer: 'https://login.example.com',
  clientId: 'web',
  clientSecret: 'a client secret',
  encryptionSecret: 'a secret of thirty-two characters',
  session: 'server',
} as const

/** Has the methods of a D1 database. */
const database = { prepare() {}, batch() {}, exec() {}, dump() {} }

const given: Record<string, (env: Env) => WorkerOptions> = {
  'a good store': ({ SESSIONS }) => ({ ...good, store: createDurableObjectStore(SESSIONS) }),
  'no binding': (env) => ({
    ...good,
    store: createDurableObjectStore((env as unknown as { NOWHERE: SessionsNamespace }).NOWHERE),
  }),
  'Workers KV': ({ KV }) => ({ ...good, store: createDurableObjectStore(KV) }),
  'Workers KV as the store': ({ KV }) => ({ ...good, store: KV }),
  'a service binding': ({ API }) => ({ ...good, store: createDurableObjectStore(API) }),
  'a service binding as the store': ({ API }) => ({ ...good, store: API as unknown as SessionStore }),
  'a namespace as the store': ({ SESSIONS }) => ({ ...good, store: SESSIONS as unknown as SessionStore }),
  'a D1 database': () => ({ ...good, store: createDurableObjectStore(database as never) }),
  'a D1 database as the store': () => ({ ...good, store: database as never }),
  'no base URL': ({ SECRET }) => ({ ...good, store: createMemoryStore(), baseUrl: SECRET }),
  'no env': ({ SESSIONS }) => ({ ...good, store: createDurableObjectStore(SESSIONS) }),
  'no store': () => good as unknown as WorkerOptions,
  'no secret': ({ SECRET }) => ({ ...good, store: createMemoryStore(), encryptionSecret: SECRET }),
  'no client secret': ({ SECRET }) => ({ ...good, store: createMemoryStore(), clientSecret: SECRET }),
  'a memory store by choice': () => ({ ...good, store: createMemoryStore() }),
}

const evertokens = Object.fromEntries(
  Object.entries(given).map(([name, options]) => [name, evertoken(options)]),
)

// Options that are there at start-up are checked there, and building with them does nothing that is forbidden there.
evertoken({ ...good, store: createDurableObjectStore((globalEnv as Env).SESSIONS) })

export default {
  async fetch(request: Request, env: Env, ctx: WorkerContext): Promise<Response> {
    try {
      const name = decodeURIComponent(new URL(request.url).pathname.slice(1))
      const auth = evertokens[name]
      const handle = auth?.handler(async (incoming, bindings: Env, context) => {
        const session = auth.bind(bindings, context).session(incoming)
        return Response.json({ signedIn: (await session.getUserAccessToken()) !== undefined })
      })
      if (name === 'no env') evertokens[name]?.bind(undefined as never, ctx)
      return (await handle?.(request, env, ctx)) ?? new Response('not found', { status: 404 })
    } catch (error) {
      if (!(error instanceof EvertokenError)) throw error
      return Response.json({ name: error.name, code: error.code, message: error.message }, { status: 500 })
    }
  },
}
