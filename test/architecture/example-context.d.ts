// The names that examples in doc comments use, and that an application has.
import type { Server } from 'node:http'
import type { SessionsNamespace as Namespace, Worker, WorkerContext } from '@evertoken/cloudflare'
import type { RequestContext, Runtime as AnyRuntime, systemClock as clock } from '@evertoken/core/adapter'
import type * as credentials from '@evertoken/core/credentials'
import type { HonoMiddleware } from '@evertoken/core/hono'
import type { ClientTokens } from '@evertoken/core/client'
import type {
  Connection,
  ConnectionContext as Context,
  Connections,
  BrokenConnection as Broken,
} from '@evertoken/core/connections'
import type * as mtls from '@evertoken/core/mtls'
import type { NextFunctions } from '@evertoken/core/next'
import type { DenoKv } from '@evertoken/deno'
import type * as evertoken from '@evertoken/node'
import type { ExpressMiddleware } from '@evertoken/node/express'
import type { FastifyPlugin } from '@evertoken/node/fastify'
import type { Redis as UpstashRedis } from '@upstash/redis'
import type * as http from 'node:http'

declare global {
  const systemClock: typeof clock
  type ConnectionContext = Context
  const auth: evertoken.EvertokenWithClient & Worker<object, Env>
  const options: evertoken.EvertokenOptions
  const tokenOptions: evertoken.TokenManagementOptions
  const issuer: string
  const clientId: string
  const clientSecret: string
  const encryptionSecret: string
  const store: evertoken.SessionStore
  const sealedStore: { read(name: string): Promise<string> }
  const keyService: { sign(data: Uint8Array): Promise<Uint8Array> }
  const certificateFetch: typeof fetch
  const { importSigningKey, privateKeyJwt }: typeof credentials
  const { tlsClientAuth }: typeof mtls
  const token: evertoken.AccessToken
  const createTokenFetch: (options: evertoken.TokenFetchOptions<'client'>) => evertoken.TokenFetch
  const getAccessToken: ClientTokens['getAccessToken']
  const incoming: string
  const connections: Connections<'google'>
  const connection: Connection<'google'>
  type BrokenConnection = Broken
  const userId: string
  const account: object
  const baseUrl: string
  const signFor: (sub?: string) => Promise<string>
  const orders: evertoken.TokenFetch
  const ownFetch: evertoken.TokenFetch

  const app: {
    fetch(request: Request): Response
    use(middleware: ExpressMiddleware | HonoMiddleware): void
    register(plugin: FastifyPlugin): void
    get(path: string, handler: (request: unknown, response: { json(value: unknown): void }) => unknown): void
  }
  const application: (request: Request) => Promise<Response>
  const respond: (session: evertoken.UserSession<evertoken.TokenName>) => Response
  const request: Request
  const tokenRequest: Request
  const tokenResponse: unknown
  const headers: Headers
  const body: string
  const home: string
  const job: { readonly sessionId: string }
  const sync: (session: evertoken.TokenSession) => Promise<void>
  const reply: { header(name: string, value: string): void }
  const createServer: typeof http.createServer
  const server: Server

  const requestContext: RequestContext
  const runtime: AnyRuntime
  type Runtime = AnyRuntime

  const { route, session, action }: NextFunctions
  type NextRequest = Request
  type EvertokenEvent = evertoken.EvertokenEvent
  type SessionStore = evertoken.SessionStore
  type UserClaims = evertoken.UserClaims
  interface RouteContext<Path extends string> {
    readonly params: Promise<Record<'id', Path>>
  }

  const context: WorkerContext
  type ExecutionContext = WorkerContext
  type SessionsNamespace = Namespace
  interface MessageBatch<Body> {
    readonly messages: readonly { readonly body: Body }[]
  }
  interface Env {
    readonly CLIENT_SECRET: string
    readonly SESSION_SECRET: string
    readonly SESSIONS: Namespace
  }

  const Redis: typeof UpstashRedis
  const Deno: {
    readonly env: { get(name: string): string | undefined }
    serve(handler: (request: Request) => Promise<Response>): void
    openKv(path: string): Promise<DenoKv>
  }
}
