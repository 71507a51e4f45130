import type { Clock } from '@evertoken/core'
import type { ModelAuthorizationServer } from './authorization-server/api.ts'
import type { Introspection } from './authorization-server/inspection.ts'
import { listen, type Listening } from './authorization-server/listen.ts'
import { createFaultScript, type FaultScript } from './fault-script.ts'
import { requireWholeNumber } from './option-checks.ts'
import { bearerChallenge, type Challenge, toResponse } from './resource-server/challenges.ts'

/** Options of `createResourceServer`. */
export interface ResourceServerOptions {
  /** The server that issued the tokens. */
  readonly authorizationServer: Pick<ModelAuthorizationServer, 'introspect' | 'clock'>
  /**
   * The URL of the API. `listen` replaces it.
   *
   * @default 'https://api.example.com'
   */
  readonly url?: string
  /**
   * Scopes that every token must have, separated by spaces.
   *
   * @default none
   */
  readonly scope?: string
  /**
   * The resource that tokens must be issued for (RFC 8707).
   *
   * @default any
   */
  readonly resource?: string
  /**
   * The seconds by which this server's clock is ahead of the clock of the authorization server.
   *
   * @default 0
   */
  readonly clockSkewSeconds?: number
  /**
   * Makes the response to a valid token.
   *
   * @default a JSON object with `sub` and `scope`
   */
  readonly respond?: (request: Request, token: Introspection) => Response | Promise<Response>
  /**
   * Whether `log` keeps every request.
   *
   * @default true
   */
  readonly keepLog?: boolean
  /**
   * The server's own clock.
   *
   * @default the clock of the authorization server
   */
  readonly clock?: Clock
}

/** A request to the resource server. It contains the token, so use it only in tests. */
export interface ResourceLogEntry {
  /** Seconds since the epoch, on the server's own clock. */
  readonly at: number
  /** The HTTP method, in capitals. */
  readonly method: string
  /** The requested URL. */
  readonly url: string
  /** The request headers. */
  readonly headers: Headers
  /** The access token. `undefined` if the request had none. */
  readonly token: string | undefined
  /** Whether the token was valid, even if the server rejected it. */
  readonly active: boolean
  /** The user of the token. `undefined` if the token was not valid. */
  readonly sub: string | undefined
  /** The type of the scripted challenge. `undefined` if there was none. */
  readonly challenge: Challenge['type'] | undefined
  /** The HTTP status of the response. */
  readonly status: number
}

/** A request as a function that chooses a challenge sees it. */
export interface ResourceRequest {
  /** The kind of the request. There is only one. */
  readonly kind: 'request'
  /** The HTTP method, in capitals. */
  readonly method: string
  /** The requested URL. */
  readonly url: URL
  /** The request headers. */
  readonly headers: Headers
  /** The facts about the access token of the request. */
  readonly token: Introspection
}

type Script = FaultScript<'request', Challenge, ResourceRequest>
type Entry = Parameters<Script['always']>[1]

/** A model API that accepts the access tokens of a model authorization server. */
export interface ResourceServer {
  /** The URL of the API. `listen` replaces it with the URL of the local server. */
  readonly url: string
  /** Can be changed during a test. */
  clockSkewSeconds: number
  /** Handles a request in memory. Requests for other origins reject. */
  readonly fetch: (input: Request | URL | string, init?: RequestInit) => Promise<Response>
  /** Serves on 127.0.0.1, by default on a free port, and uses that as `url`. */
  listen(port?: number): Promise<Listening>
  /** Queues challenges for the next requests, in order. `undefined` is an honest response. */
  script(entries: Entry | readonly Entry[]): void
  /** Sets the challenge of every request that has no queued one. `undefined` ends it. */
  always(entry: Entry): void
  /** Rejects the tokens of the next `count` requests with `invalid_token`, even if they are valid. Default 1. */
  rejectNext(count?: number): void
  /** The requests in the order of their responses. Empty if the option `keepLog` is `false`. */
  readonly log: readonly ResourceLogEntry[]
  /** Requests by result. */
  readonly counts: { readonly accepted: number; readonly rejected: number }
  /** Empties the log and the counts. */
  resetCounts(): void
}

/**
 * Creates a model API that accepts the access tokens of a model authorization server.
 *
 * @param options - The authorization server, and the requirements for tokens. By default, every valid token is accepted.
 * @example
 * ```ts
 * import { createAuthorizationServer, createResourceServer } from '@evertoken/testkit'
 *
 * const authorizationServer = createAuthorizationServer()
 * const api = createResourceServer({ authorizationServer })
 * const { access_token } = await authorizationServer.issue()
 * const headers = { authorization: `Bearer ${access_token}` }
 * const response = await api.fetch(`${api.url}/orders`, { headers }) // 200
 * ```
 */
export function createResourceServer(options: ResourceServerOptions): ResourceServer {
  const { authorizationServer, keepLog = true, clock = authorizationServer.clock } = options
  const faults: Script = createFaultScript<'request', Challenge, ResourceRequest>()
  const log: ResourceLogEntry[] = []
  const counts = { accepted: 0, rejected: 0 }
  const required = { scope: options.scope?.split(' ') ?? [], resource: options.resource }
  let url = options.url ?? 'https://api.example.com'

  const now = () => clock.now() + server.clockSkewSeconds

  /** The honest rejection of a token, or `undefined` if it is valid. */
  function rejectionOf(value: string | undefined, token: Introspection): Response | undefined {
    if (value === undefined) return bearerChallenge(401)
    const isForThisServer = required.resource === undefined || token.aud?.includes(required.resource)
    if (!token.active || !isForThisServer) return toResponse({ type: 'invalid_token' })
    const granted = token.scope?.split(' ') ?? []
    if (required.scope.every((scope) => granted.includes(scope))) return undefined
    return toResponse({ type: 'insufficient_scope', scope: required.scope.join(' ') })
  }

  async function respond(request: Request, value: string | undefined, token: Introspection) {
    const { method, headers } = request
    const challenge = faults.next({ kind: 'request', method, url: new URL(request.url), headers, token })
    const rejection = challenge ? toResponse(challenge) : rejectionOf(value, token)
    const response =
      rejection ??
      (await (options.respond?.(request, token) ?? Response.json({ sub: token.sub, scope: token.scope })))
    return { challenge: challenge?.type, response }
  }

  async function fetch(input: Request | URL | string, init?: RequestInit): Promise<Response> {
    const request = new Request(input, init)
    request.signal.throwIfAborted()
    if (new URL(request.url).origin !== new URL(url).origin)
      throw new TypeError('fetch failed', { cause: new Error('Meant for another origin') })
    const value = /^bearer +(.+)$/i.exec(request.headers.get('authorization') ?? '')?.[1]
    const at = now()
    const token = value === undefined ? { active: false } : authorizationServer.introspect(value, at)
    const { challenge, response } = await respond(request, value, token)
    request.signal.throwIfAborted()
    const { status } = response
    counts[status < 400 ? 'accepted' : 'rejected'] += 1
    if (keepLog) {
      const { method, headers } = request
      const { active, sub } = token
      log.push({ at, method, url: request.url, headers, token: value, active, sub, challenge, status })
    }
    return response
  }

  const server: ResourceServer = {
    get url() {
      return url
    },
    clockSkewSeconds: options.clockSkewSeconds ?? 0,
    fetch,
    async listen(port) {
      const listening = await listen(fetch, port)
      url = listening.url
      return listening
    },
    script: (entries) => faults.script('request', entries),
    always: (entry) => faults.always('request', entry),
    rejectNext(count = 1) {
      requireWholeNumber('count', count, 0)
      faults.script(
        'request',
        Array.from({ length: count }, () => ({ type: 'invalid_token' }) as const),
      )
    },
    log,
    counts,
    resetCounts() {
      log.length = 0
      Object.assign(counts, { accepted: 0, rejected: 0 })
    },
  }
  return server
}
