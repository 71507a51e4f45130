import { keepAlive, type IdleRefreshes } from '@evertoken/core/keep-alive'
import { AsyncLocalStorage } from 'node:async_hooks'
import {
  createConnections,
  createDurableObjectStore,
  type SessionsNamespace,
  type WorkerContext,
} from '../../src/connections.ts'

export { EvertokenSessions } from '../../src/connections.ts'

interface Env {
  readonly ISSUER: string
  /** How many requests the platform permits in an invocation. It is more than `MAX_REQUESTS`. */
  readonly PLATFORM_LIMIT: string
  readonly MAX_REQUESTS: string
  readonly PAUSE_MS: string
  /** How far a Worker that starts is ahead of the machine, in seconds. */
  readonly AHEAD: string
  /** How much faster than the machine the clock is, so that no test waits for the end of a lock. */
  readonly SPEED: string
  /** When the clock became faster, in milliseconds since the epoch. */
  readonly SINCE: string
  readonly SESSIONS: SessionsNamespace
  readonly KEEPER: Namespace
  readonly SELF: { scheduled(event: object): Promise<{ readonly outcome: string }> }
}

interface Namespace {
  idFromName(name: string): object
  get(id: object): { fetch(url: string): Promise<Response> }
}

interface KeeperState extends WorkerContext {
  readonly storage: {
    readonly kv: { get(name: string): unknown; put(name: string, value: unknown): void }
    getAlarm(): Promise<number | null>
    setAlarm(atMs: number): Promise<void>
    deleteAlarm(): Promise<void>
  }
  abort(reason: string): void
}

const DAY_SECONDS = 86_400

/** How far this isolate has moved its clock forward since its start, in seconds. */
let ahead = 0
/** Called before each request of a run. */
let beforeRequest: (() => void) | undefined

/** The local workerd limits no requests, so the Worker does. */
const invocations = new AsyncLocalStorage<{ requests: number }>()

function countRequest({ PLATFORM_LIMIT }: Env): void {
  beforeRequest?.()
  const invocation = invocations.getStore()
  if (invocation && ++invocation.requests > Number(PLATFORM_LIMIT))
    throw new Error('Too many subrequests by single Worker invocation.')
}

function limited(env: Env): SessionsNamespace {
  return {
    idFromName: (name) => env.SESSIONS.idFromName(name),
    get(id) {
      const stub = env.SESSIONS.get(id)
      return {
        async fetch(url, init) {
          countRequest(env)
          return stub.fetch(url, init)
        },
      }
    },
  }
}

const fast = ({ SPEED }: Env, ms: number) => ms * Number(SPEED)

const connections = createConnections((env: Env) => ({
  encryptionSecret: 'a secret of thirty-two characters',
  store: createDurableObjectStore(limited(env)),
  providers: {
    calendar: {
      server: { issuer: env.ISSUER, refreshTokenReuse: 'tolerant' },
      clientId: 'web',
      clientSecret: 'web-secret-for-tests-only',
    },
  },
  keepAlive: keepAlive(),
  async fetch(input, init) {
    countRequest(env)
    return fetch(input, init)
  },
  clock: {
    now: () =>
      (Number(env.SINCE) + fast(env, Date.now() - Number(env.SINCE))) / 1000 + Number(env.AHEAD) + ahead,
    elapsed: () => fast(env, performance.now()),
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms / Number(env.SPEED))),
  },
}))

async function run(env: Env, ctx: WorkerContext): Promise<IdleRefreshes & { readonly requests: number }> {
  const invocation = { requests: 0 }
  const counts = await invocations.run(invocation, () =>
    connections.bind(env, ctx).keepAlive({
      olderThanSeconds: 30 * DAY_SECONDS,
      refreshesPerMinute: 6000,
      ...(env.MAX_REQUESTS && { maxRequests: Number(env.MAX_REQUESTS) }),
    }),
  )
  return { ...counts, requests: invocation.requests }
}

/** The object of the guide. It also records its runs, and can fail. */
export class Keeper {
  readonly #state: KeeperState
  readonly #env: Env
  #open = 0
  #mostOpen = 0

  constructor(state: KeeperState, env: Env) {
    this.#state = state
    this.#env = env
  }

  async fetch(request: Request): Promise<Response> {
    const { storage } = this.#state
    const { pathname, search } = new URL(request.url)
    if (pathname === '/fail') storage.kv.put('fail', search.slice(1))
    if (pathname === '/start') await storage.setAlarm(Date.now())
    const runs = storage.kv.get('runs') ?? []
    return Response.json({ runs, alarm: await storage.getAlarm(), mostOpen: this.#mostOpen })
  }

  async alarm(): Promise<void> {
    const { storage } = this.#state
    this.#mostOpen = Math.max(this.#mostOpen, ++this.#open)
    await storage.setAlarm(Date.now() + Number(this.#env.PAUSE_MS))
    try {
      this.#failOnce()
      const counts = await run(this.#env, this.#state)
      storage.kv.put('runs', [...((storage.kv.get('runs') as unknown[] | undefined) ?? []), counts])
      const { isComplete, retryAfterSeconds = 0.01 } = counts
      await (isComplete ? storage.deleteAlarm() : storage.setAlarm(Date.now() + 1000 * retryAfterSeconds))
    } finally {
      this.#open--
    }
  }

  #failOnce(): void {
    const { kv } = this.#state.storage
    const fail = kv.get('fail')
    kv.put('fail', '')
    if (fail === 'error') throw new Error('The alarm fails')
    let left = 30
    if (fail !== 'evict') return
    beforeRequest = () => {
      if (left-- > 0) return
      beforeRequest = undefined
      this.#state.abort('evicted')
    }
  }
}

let lastRun: unknown

export default {
  async fetch(request: Request, env: Env, ctx: WorkerContext): Promise<Response> {
    const { pathname, searchParams, search } = new URL(request.url)
    switch (pathname) {
      case '/advance':
        ahead += Number(searchParams.get('seconds'))
        return new Response()
      case '/save': {
        const calendar = connections.bind(env, ctx).get(searchParams.get('owner') ?? '', 'calendar')
        await calendar.save((await request.json()) as object)
        return new Response()
      }
      case '/token': {
        const calendar = connections.bind(env, ctx).get(searchParams.get('owner') ?? '', 'calendar')
        return new Response((await calendar.getAccessToken())?.value)
      }
      case '/scheduled': {
        const { outcome } = await env.SELF.scheduled({ cron: '0 * * * *', scheduledTime: Date.now() })
        return Response.json({ outcome, run: lastRun })
      }
      default:
        return env.KEEPER.get(env.KEEPER.idFromName('keeper')).fetch(`https://keeper${pathname}${search}`)
    }
  },

  async scheduled(_controller: unknown, env: Env, ctx: WorkerContext): Promise<void> {
    lastRun = await run(env, ctx)
  },
}
