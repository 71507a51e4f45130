import { createResourceServer, type FakeAuthorizationServer, pauseBeforeProcessing } from '@evertoken/testkit'
import type { Answer, Chronicle, Send } from './chronicle.ts'
import type { User } from './linked-store.ts'
import type { Random } from './random.ts'
import type { Steps } from './steps.ts'
import type { TokenFault } from './token-faults.ts'
import type { VirtualTime } from './virtual-time.ts'

export const API = 'https://api.example.com'
export const REQUEST_TIMEOUT_SECONDS = 10
/** A response is awaited for so long, although callers leave earlier. */
export const LISTEN_SECONDS = 65
const MAX_BODY = 16_777_216

export type Fetch = (input: Request | URL | string, init?: RequestInit) => Promise<Response>

export interface Refusals {
  left: number
}

export interface WireOptions {
  readonly server: FakeAuthorizationServer
  readonly user: User
  readonly steps: Steps
  readonly chronicle: Chronicle
  readonly time: VirtualTime
  readonly random: Random
  readonly latencyMs: number
  /** Connections that fail before anything is sent, still to come. */
  readonly refusals: Refusals
  /** Called whenever a request may have taken effect. */
  markSpent(): void
}

/** The way of one process to the authorization server, where everything is written down. */
export function linkServer(options: WireOptions): Fetch {
  const { server, user, chronicle, time, random, latencyMs, refusals } = options
  const { instance } = user
  const travel = () => time.sleep(latencyMs * (0.5 + random.next()))

  async function refresh(
    refreshToken: string,
    input: Parameters<Fetch>[0],
    init: RequestInit,
  ): Promise<Response> {
    const arrivedAt = time.elapsed()
    await options.steps.arrive('send', instance)
    const held = time.elapsed() > arrivedAt && { held: true as const }
    await travel()
    if (refusals.left > 0) {
      refusals.left -= 1
      user.phase = 'answered'
      throw new TypeError('fetch failed', {
        cause: Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }),
      })
    }
    const sent: Send = { ...chronicle.moment(), instance, refreshToken, spent: false, ...held }
    chronicle.sends.push(sent)
    const response = await server
      .fetch(input, init)
      .finally(options.markSpent)
      .catch((error: unknown) => {
        user.phase = 'answered'
        sent.failed = true
        throw error
      })
    const copy = response.clone()
    await options.steps.arrive('answer', instance)
    await travel()
    // A request that was sent continues without its sender, and a response waits for it.
    await options.steps.thawed(instance)
    readAnswer(copy, sent, chronicle, server).catch(() => undefined)
    user.phase = 'answered'
    return response
  }

  return async (input, init = {}) => {
    const request = new Request(input, init)
    const body = request.body ? await request.text() : ''
    chronicle.requests.push({
      url: new URL(request.url),
      method: request.method,
      headers: request.headers,
      body,
      instance,
      time: time.elapsed(),
    })
    const refreshToken = new URLSearchParams(body).get('refresh_token')
    if (refreshToken !== null) return refresh(refreshToken, input, init)
    await travel()
    const response = await server.fetch(input, init)
    await options.steps.thawed(instance)
    return response
  }
}

/** How a client can read the response, without the code of the client. */
async function readAnswer(
  response: Response,
  sent: Send,
  chronicle: Chronicle,
  server: FakeAuthorizationServer,
): Promise<void> {
  const text = await response.text()
  const moment = chronicle.moment()
  if (moment.time - sent.time < LISTEN_SECONDS * 1000) {
    sent.answer = { ...moment, ...judge(response.status, text, sent.refreshToken) }
  }
  const owner = chronicle.owners.get(sent.refreshToken)
  for (const [token] of text.matchAll(/[ra]t_canary_[\w-]+/g)) {
    if (owner !== undefined) chronicle.owners.set(token, owner)
    noteExpiry(chronicle, server, token)
  }
}

/** The authorization server knows when a token really expires, whatever the clocks of the fleet show. */
export function noteExpiry({ expiries }: Chronicle, server: FakeAuthorizationServer, token: string): void {
  const { exp } = server.introspect(token)
  if (exp !== undefined) expiries.set(token, exp)
}

const REFUSALS = new Set(['invalid_client', 'unauthorized_client', 'invalid_scope', 'invalid_target'])

export function judge(status: number, text: string, used: string): Omit<Answer, 'order' | 'time'> {
  const body = parse(text)
  const { error, refresh_token: next, access_token: token, token_type: type = 'Bearer' } = body ?? {}
  if (typeof next === 'string' && next !== '' && next !== used) return { kind: 'rotated', refreshToken: next }
  if (status === 429) return { kind: 'refused' }
  if (status >= 400 && status < 500 && error === 'invalid_grant') return { kind: 'rejected' }
  if (status >= 400 && status < 500 && REFUSALS.has(String(error))) return { kind: 'refused' }
  if (status < 200 || status >= 300 || !body) return { kind: 'unknown' }
  const usable = typeof token === 'string' && /^[!-~]+$/.test(token)
  return { kind: usable && /^bearer$/i.test(String(type)) ? 'renewed' : 'unknown' }
}

function parse(text: string): Record<string, unknown> | undefined {
  if (text.length > MAX_BODY) return undefined
  try {
    const body: unknown = JSON.parse(text)
    if (typeof body !== 'object' || body === null || Array.isArray(body)) return undefined
    // Two access tokens: neither can be trusted.
    return text.split('"access_token"').length > 2 ? { ...body, access_token: undefined } : { ...body }
  } catch {
    const [, refreshToken] = /^{.*"refresh_token":"(\w+)"/.exec(text) ?? []
    return refreshToken === undefined ? undefined : { refresh_token: refreshToken }
  }
}

/** Sets faults for the next refresh requests of all processes. Returns a function that releases held requests. */
export function arrange(server: FakeAuthorizationServer, refusals: Refusals, fault: TokenFault): () => void {
  const times = fault.times ?? 1
  if (fault.fault === 'refused') {
    refusals.left = times
    return () => undefined
  }
  const scripted = fault.fault === 'let_go' ? pauseBeforeProcessing() : fault.fault
  server.script(
    'refresh',
    Array.from({ length: times }, () => scripted),
  )
  return () => {
    if (scripted.type === 'pause') scripted.release()
  }
}

/** The way of all processes to the API, where everything is written down. The API responds with the token. */
export function connectApi(authorizationServer: FakeAuthorizationServer, { requests }: Chronicle): Fetch {
  const api = createResourceServer({
    authorizationServer,
    url: API,
    keepLog: false,
    respond: ({ headers }) => Response.json({ token: headers.get('authorization')?.replace('Bearer ', '') }),
  })
  return (input, init) => {
    const request = new Request(input, init)
    const { url, method, headers } = request
    requests.push({ url: new URL(url), method, headers, body: '' })
    return api.fetch(request)
  }
}
