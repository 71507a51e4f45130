import { createMemoryStore, type SessionStore } from '@evertoken/core'
import { keepAlive, type KeepAliveOptions } from '@evertoken/core/keep-alive'
import { type Connections, createConnections } from '@evertoken/node/connections'
import {
  type AuthorizationServerOptions,
  createAuthorizationServer,
  createManualClock,
  type FakeAuthorizationServer,
} from '@evertoken/testkit'
import { LIFETIME, SECRET, settle } from './connection-owners.ts'

const DAY = 86_400
type Server = 'one' | 'other'
/** The provider `both` is a function. It has the server `one` for the owners whose name starts with it. */
type Provider = Server | 'both'

/** Two servers, and processes that count their requests to the store and to the providers. */
export function createLimitWorld(one: Partial<AuthorizationServerOptions> = {}) {
  const clock = createManualClock()
  const create = (name: string, options: Partial<AuthorizationServerOptions> = {}) =>
    createAuthorizationServer({
      issuer: `https://${name}.example.com`,
      clock,
      accessTokenSeconds: LIFETIME,
      ...options,
    })
  const servers: Readonly<Record<Server, FakeAuthorizationServer>> = {
    one: create('one', one),
    other: create('other'),
  }
  const base = createMemoryStore({ clock })
  let requests = 0
  let readMs = 0
  const count =
    <Args extends unknown[], Result>(call: (...args: Args) => Result) =>
    (...args: Args): Result => {
      requests++
      return call(...args)
    }
  const { index } = base
  const store: SessionStore = {
    ...base,
    read: count(async (key) => {
      if (readMs > 0) await clock.sleep(readMs)
      return base.read(key)
    }),
    swap: count(base.swap),
    remove: count(base.remove),
    ...(index && { index: { add: count(index.add), keys: count(index.keys), remove: count(index.remove) } }),
  }
  const refreshedAt: Record<Server, number[]> = { one: [], other: [] }
  /** Seconds for which a server refuses a refresh token with status 429. */
  const refused = new Map<string, number>()
  const tried = new Set<string>()
  const tokens = new Map<string, string>()
  const providerOf = ({ issuer, clients: [client] }: FakeAuthorizationServer) => ({
    issuer,
    clientId: client?.id ?? '',
    clientSecret: client?.secret ?? '',
  })

  function process(): Connections<Provider> {
    return createConnections({
      encryptionSecret: SECRET,
      store,
      clock,
      providers: {
        one: providerOf(servers.one),
        other: providerOf(servers.other),
        both: ({ owner }) => providerOf(owner.startsWith('one') ? servers.one : servers.other),
      },
      keepAlive: keepAlive(),
      fetch: count(async (input, init) => {
        const url = String(input instanceof Request ? input.url : input)
        const name = url.startsWith(servers.one.issuer) ? 'one' : 'other'
        if (url.endsWith('/token')) {
          refreshedAt[name].push(clock.elapsed())
          const token =
            new URLSearchParams(await new Response(init?.body ?? null).text()).get('refresh_token') ?? ''
          tried.add(token)
          const seconds = refused.get(token)
          if (seconds) return new Response('', { status: 429, headers: { 'Retry-After': String(seconds) } })
        }
        return servers[name].fetch(input, init)
      }),
    })
  }

  const connections = process()
  return {
    clock,
    servers,
    refreshedAt,
    process,
    connections,
    days: (days: number) => clock.advance(days * DAY * 1000),
    /** @param from - The number of the first owner. */
    async save(server: Server, owners: number, provider: Provider = server, from = 0) {
      for (let i = from; i < from + owners; i++) {
        const sub = `${server}-${i}`
        const grant = await servers[server].issue({ sub, expiresIn: LIFETIME })
        tokens.set(sub, String(grant.refresh_token))
        await connections.get(sub, provider).save(grant)
      }
    },
    /** A server refuses the grants of some owners from now on, with status 429. */
    refuse(retryAfter: number, owners: number, server: Server = 'one') {
      for (let i = 0; i < owners; i++) refused.set(tokens.get(`${server}-${i}`) ?? '', retryAfter)
    },
    /** Each read of the store takes this time from now on. */
    slow(ms: number) {
      readMs = ms
    },
    /** The grants of these owners for which a request was sent. */
    triedOf: (server: Server) =>
      [...tokens].filter(([sub, token]) => sub.startsWith(server) && tried.has(token)).length,
    run: (options: Partial<KeepAliveOptions> = {}, from = connections) =>
      settle(clock, from.keepAlive({ olderThanSeconds: 30 * DAY, ...options })),
    /** The number of requests that the work makes. */
    async requestsOf(work: () => Promise<unknown>): Promise<number> {
      const before = requests
      await work()
      return requests - before
    },
  }
}
