// A small application of every package, type-checked against the packed declarations.
import { createServer } from 'node:http'
import * as cloudflare from '@evertoken/cloudflare'
import * as cloudflareClient from '@evertoken/cloudflare/client'
import { createConnections as createWorkerConnections } from '@evertoken/cloudflare/connections'
import * as cloudflareTokens from '@evertoken/cloudflare/tokens'
import { createMemoryStore, type EvertokenOptions, type SessionStore, TryLaterError } from '@evertoken/core'
import { jar, jarm, par } from '@evertoken/core/authorization'
import { createBrowserFetch } from '@evertoken/core/browser'
import { check } from '@evertoken/core/check'
import { type ClientAuthentication, clientSecretBasic } from '@evertoken/core/credentials'
import type { ClientTokens } from '@evertoken/core/client'
import type { Connection, ConnectionState } from '@evertoken/core/connections'
import { connectWithDeviceCode, type UserCode } from '@evertoken/core/device'
import { dpop } from '@evertoken/core/dpop'
import { fapi2 } from '@evertoken/core/fapi'
import { clientCredentials } from '@evertoken/core/grants'
import { honoMiddleware } from '@evertoken/core/hono'
import { keepAlive } from '@evertoken/core/keep-alive'
import { connectOnLoopback } from '@evertoken/core/loopback'
import { tlsClientAuth } from '@evertoken/core/mtls'
import { customTokenRequest } from '@evertoken/core/requests'
import { next } from '@evertoken/core/next'
import { google } from '@evertoken/core/providers'
import { createIoredisStore } from '@evertoken/core/redis'
import { endSessions, listSessions, type SessionInfo } from '@evertoken/core/sessions'
import { createPostgresStore, type SqlStore } from '@evertoken/core/sql'
import { type SvelteKitHandle, svelteKitHandle } from '@evertoken/core/sveltekit'
import { soloFlights } from '@evertoken/core/adapter'
import { signInChoices, tenants } from '@evertoken/core/tenants'
import { createTokenManagement } from '@evertoken/core/tokens'
import * as deno from '@evertoken/deno'
import * as denoClient from '@evertoken/deno/client'
import { createConnections as createDenoConnections } from '@evertoken/deno/connections'
import { createMtlsFetch as createDenoMtlsFetch } from '@evertoken/deno/mtls'
import { mcpFetch, mcpServers } from '@evertoken/mcp'
import { evertoken } from '@evertoken/node'
import { createClientTokens } from '@evertoken/node/client'
import { createConnections } from '@evertoken/node/connections'
import * as edge from '@evertoken/node/edge'
import { expressMiddleware } from '@evertoken/node/express'
import { fastifyPlugin } from '@evertoken/node/fastify'
import { createFileStore, loadSecretFile } from '@evertoken/node/file-store'
import { type BrowserOptions, connectInBrowser } from '@evertoken/node/loopback'
import { createMtlsFetch } from '@evertoken/node/mtls'
import { createAuthorizationServer, createManualClock, sessionStoreContract } from '@evertoken/testkit'
import { signIn, type TestBrowser } from '@evertoken/testkit/session'
import { createWorld, type World } from '@evertoken/testkit/world'

const store: SessionStore = createMemoryStore()
const options: EvertokenOptions = {
  issuer: 'https://login.example.com',
  clientId: 'web',
  clientSecret: 'secret',
  encryptionSecret: 'thirty-two characters at the least',
  store,
}

export const browserFetch: typeof fetch = createBrowserFetch()
export const stores = { createIoredisStore, createPostgresStore } satisfies Record<
  string,
  (...args: never[]) => SessionStore
>
export type Sql = SqlStore

export const tokenRequest = customTokenRequest({ format: 'json' })
export const authentication: ClientAuthentication[] = [clientSecretBasic(() => 'secret'), tlsClientAuth()]
export const certificateFetches = [createMtlsFetch, createDenoMtlsFetch].map((create): typeof fetch =>
  create({ cert: 'cert', key: 'key' }),
)

const key = { sign: async () => new Uint8Array(), algorithm: 'ES256' } as const
const auth = evertoken({ ...options, authorizationRequest: par(jar(key)), responseMode: jarm() })
export const findings = [check(auth), auth.check()]
export const bound = evertoken({ ...options, senderConstraint: dpop() })
export const sessionsOf = (sub: string): Promise<readonly SessionInfo[]> => listSessions(auth, { sub })
export const signOutEverywhere = (sub: string): Promise<number> => endSessions(auth, { sub })
const { clientSecret: _, ...bank } = options
export const banking = evertoken({ ...bank, profile: fapi2({ key, messageSigning: true }) })
export const hono: ReturnType<typeof honoMiddleware> = honoMiddleware(auth)
export const svelteKit: SvelteKitHandle = svelteKitHandle(cloudflare.evertoken({ ...options, store }))
export const orders: typeof fetch = auth.createTokenFetch({ baseUrl: 'https://api.example.com/orders/' })
export const server = createServer(
  auth.listener(async () => {
    const token = await auth.getUserAccessToken()
    const text: string | undefined = token?.value
    return new Response(text ?? 'nobody')
  }),
)

const { issuer, clientId, clientSecret, ...common } = options
const registration = { issuer: issuer ?? '', clientId, clientSecret }
export const several = [
  evertoken({ ...common, registrations: signInChoices({ google: registration }) }),
  deno.evertoken({ ...common, registrations: tenants({ nameOf: () => 'a', load: () => registration }) }),
]

const web = evertoken({ ...options, client: clientCredentials({ scope: 'catalog:read' }) })
export const catalog: typeof fetch = web.createTokenFetch({
  baseUrl: 'https://api.example.com/',
  token: 'user-or-client',
})
export const ownToken = async (): Promise<string> => (await web.getClientAccessToken()).value
export const services: ClientTokens[] = [createClientTokens, denoClient.createClientTokens].map((create) =>
  create({
    issuer: 'https://login.example.com',
    clientId: 'service',
    clientSecret: 'secret',
    scope: 'ledger:write',
  }),
)

export const workerService: ClientTokens = cloudflareClient
  .createClientTokens({ issuer: 'https://login.example.com', clientId: 'service', clientSecret: 'secret' })
  .bind({}, { waitUntil() {} })

const connectionOptions = {
  encryptionSecret: 'thirty-two characters at the least',
  store,
  providers: { google: { server: google(), clientId: 'web', clientSecret: 'secret' } },
}
const workerConnections = createWorkerConnections(connectionOptions).bind({}, { waitUntil() {} })
export const calendars: Connection[] = [
  createConnections(connectionOptions),
  createDenoConnections(connectionOptions),
  workerConnections,
].map((connections) => connections.get('user-1', 'google:work'))
export const calendarStates = (): Promise<ConnectionState>[] =>
  calendars.map((calendar) => calendar.getState())

export const fileStore = (path: string): SessionStore => createFileStore({ path })
export const fileSecret = (path: string): Promise<string> => loadSecretFile({ path })
export const connect = async (calendar: Connection, inBrowser: BrowserOptions): Promise<string> => {
  await connectInBrowser(calendar, inBrowser)
  await connectWithDeviceCode(calendar, { onUserCode: ({ userCode }: UserCode) => console.log(userCode) })
  return (await connectOnLoopback(calendar, { redirectUri: 'http://127.0.0.1:1/' })).url
}
const mcpUrl = 'https://mcp.example.com/mcp'
const mcpConnections = createConnections({
  ...connectionOptions,
  providers: { mcp: mcpServers({ clientName: 'Example' }) },
})
export const tools: typeof fetch = mcpFetch(mcpConnections.get('user-1', `mcp:${mcpUrl}`), mcpUrl)

export const googleIssuer: string = google().issuer

export const frameworks = [expressMiddleware(auth), fastifyPlugin(auth), next(auth)] as const

export const denoHandler = deno.evertoken(options).handler((request) => new Response(request.url))

export const edgeHandler: (request: Request, context: object) => Promise<Response> = edge
  .evertoken({ ...options, store })
  .handler((request, _context: object) => new Response(request.url))

interface Env {
  readonly SESSIONS: cloudflare.SessionsNamespace
}
export const worker = {
  fetch: cloudflare
    .evertoken<Env>(({ SESSIONS }) => ({ ...options, store: cloudflare.createDurableObjectStore(SESSIONS) }))
    .handler((request) => new Response(request.url)),
}

export const tokens = createTokenManagement(options, {
  context: { run: (_value, work) => work(), get: () => undefined },
  flights: soloFlights,
  keepAlive() {},
})
export const tokenWorker = {
  fetch: cloudflareTokens
    .evertoken<Env>(({ SESSIONS }) => ({
      ...options,
      store: cloudflareTokens.createDurableObjectStore(SESSIONS),
    }))
    .handler((request) => new Response(request.url)),
}

export const idleConnections = createConnections({
  encryptionSecret: 'a secret of thirty-two characters',
  store,
  providers: { google: { server: google(), clientId: 'web' } },
  keepAlive: keepAlive(),
})
export const cases = sessionStoreContract(() => store)
export const fake = createAuthorizationServer({ clock: createManualClock() })
export const isTemporary = (error: unknown): boolean => error instanceof TryLaterError
export const createTestWorld = (): World => createWorld({ baseUrl: 'https://shop.example.com' })
export const signInAlice = (): Promise<TestBrowser> => signIn(auth, { claims: { sub: 'alice' } })
