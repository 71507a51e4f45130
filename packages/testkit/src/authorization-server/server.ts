import type { Clock } from '@evertoken/core'
import { systemClock } from '../system-clock.ts'
import { createAdmission } from './admission.ts'
import type { ModelAuthorizationServer } from './api.ts'
import { DEFAULT_PATHS } from './arrival.ts'
import { createEndpoints, issue } from './endpoints.ts'
import { createFaultScript } from '../fault-script.ts'
import type { Fault } from './faults.ts'
import { createGrants } from './grants.ts'
import { createSigner } from './id-token.ts'
import { inspectGrants, introspect } from './inspection.ts'
import { type Arrival, type LogEntry, createJournal } from './journal.ts'
import { listen } from './listen.ts'
import type { Client, IncomingRequest, RequestKind, Tweaks, World } from './model.ts'
import { logoutToken, sendLogoutToken } from './logout-token.ts'
import { createFetch } from './network.ts'
import type { AuthorizationServerOptions } from './options.ts'
import { perform } from './perform.ts'
import { Refusal, toResponse } from './refusal.ts'
import { createResponseHeaders } from './response-headers.ts'

const DEFAULT_CLIENTS: readonly Client[] = [{ id: 'web', secret: 'web-secret-for-tests-only' }]

/**
 * Creates a model authorization server for tests. It runs in memory and misbehaves on request.
 *
 * It implements OAuth 2.0 with OpenID Connect, PKCE, rotating refresh tokens and reuse detection.
 *
 * @param options - The users, clients, lifetimes and limits. By default, one client and one user.
 * @returns The server. Pass its `fetch` to the application, or call `listen` for a local server.
 * @example
 *   const server = createAuthorizationServer({ accessTokenSeconds: 60 })
 *   const [client] = server.clients
 *   const tokens = await server.issue({ sub: 'alice' })
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-6 RFC 6749, section 6: Refreshing an Access Token}
 */
export function createAuthorizationServer(
  options: AuthorizationServerOptions = {},
): ModelAuthorizationServer {
  let issuer = options.issuer ?? 'https://login.example.com'
  const clock = options.clock ?? systemClock
  const world = createWorld(options, clock, { issuer: () => issuer, user: () => server.user })
  const endpoints = createEndpoints(world)
  const journal = createJournal(options.keepLog ?? true)
  const admission = createAdmission({ clock, capacity: options.capacity, rateLimit: options.rateLimit })
  const responseHeaders = createResponseHeaders(clock, options.date, options.age)
  const faults = createFaultScript<RequestKind, Fault, IncomingRequest>()
  let waiting: (() => void)[] = []

  async function process(request: IncomingRequest, entry: LogEntry, tweaks: Tweaks): Promise<Response> {
    entry.processed = true
    try {
      return await endpoints(request, tweaks)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      entry.error = error.error
      return toResponse(error)
    }
  }

  function admit(request: IncomingRequest, work: () => Promise<Response>): Promise<Response> {
    const isLimited = request.kind === 'token' || request.kind === 'refresh'
    return isLimited ? admission.admit(work) : work()
  }

  async function respond(request: IncomingRequest, signal: AbortSignal | undefined): Promise<Response> {
    const fault = faults.next(request)
    const entry = journal.begin(request, clock.now(), fault)
    let date: string | undefined
    const response = await perform(fault, {
      async process(tweaks = {}) {
        const honest = await admit(request, () => process(request, entry, tweaks))
        // A response that the network delivers late keeps the date when the server generated it.
        date = responseHeaders.date(request)
        return honest
      },
      refreshToken: request.parameters.get('refresh_token') ?? undefined,
      clock,
      signal,
      released: () => new Promise((resolve) => waiting.push(resolve)),
    })
    if (fault?.type === 'error') entry.error = fault.error
    entry.status = response.status
    entry.ok = response.status < 400
    return responseHeaders.add(response, request, date ?? responseHeaders.date(request))
  }

  async function handle(arrival: Arrival, signal: AbortSignal | undefined): Promise<Response> {
    const { kind } = arrival
    if (kind !== 'elsewhere' && kind !== 'unknown') return respond({ ...arrival, kind }, signal)
    journal.begin(arrival, clock.now())
    if (kind === 'elsewhere')
      throw new TypeError('fetch failed', { cause: new Error('Meant for another origin') })
    return responseHeaders.add(new Response(null, { status: 404 }), arrival, responseHeaders.date(arrival))
  }

  const fetch = createFetch({ issuer: () => issuer, paths: world.paths, handle })

  const server: ModelAuthorizationServer = {
    get issuer() {
      return issuer
    },
    clock,
    clients: world.clients,
    user: 'user' in options ? options.user : { sub: 'user-1' },
    fetch,
    async listen(port) {
      const listening = await listen(fetch, port)
      issuer = listening.url + pathOf(issuer)
      return listening
    },
    issue: (request = {}) => issue(world, request),
    logoutToken: (request = {}) => logoutToken(world, request),
    sendLogoutToken: (request = {}) =>
      sendLogoutToken(world, request, options.backChannelFetch ?? globalThis.fetch),
    rotateKeys: () => world.signer.rotate(),
    introspect: (accessToken, at) => introspect(world, accessToken, at),
    grants: inspectGrants(world),
    script: faults.script,
    always: faults.always,
    release() {
      for (const resolve of waiting) resolve()
      waiting = []
    },
    counts: journal.counts,
    uses: journal.uses,
    maxUses: journal.maxUses,
    get load() {
      return admission.load
    },
    log: journal.log,
    resetCounts: () => journal.reset(),
  }
  return server
}

/** The path of an issuer, with its final slash if it has one. */
function pathOf(issuer: string): string {
  return issuer.replace(/^[^/]*\/\/[^/]*/, '')
}

function createWorld(
  options: AuthorizationServerOptions,
  clock: Clock,
  live: Pick<World, 'issuer' | 'user'>,
): World {
  return {
    ...live,
    clock,
    clients: options.clients ?? DEFAULT_CLIENTS,
    grants: createGrants({
      clock,
      reuse: options.reuse ?? 'strict',
      refreshEndsAccessTokens: options.refreshEndsAccessTokens ?? false,
      refreshTokenPrefix: options.refreshTokenPrefix ?? 'rt_',
      accessTokenPrefix: options.accessTokenPrefix ?? 'at_',
    }),
    signer: createSigner([options.idTokenAlgorithm ?? 'ES256'].flat(), options.keySet),
    accessTokenSeconds: options.accessTokenSeconds ?? 300,
    metadata: options.metadata ?? {},
    paths: { ...DEFAULT_PATHS, ...options.paths },
    tokenResponse: options.tokenResponse ?? {},
    userInfoAlgorithm: options.userInfoAlgorithm,
  }
}
