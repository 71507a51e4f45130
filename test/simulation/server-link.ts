import { type Fault as ServerFault, FAULTS } from '@evertoken/testkit'
import type { Send } from './history.ts'
import type { Machine } from '../machines/machine.ts'
import type { Fault } from './plan.ts'
import type { Setting } from './setting.ts'

const NEVER = new Promise<never>(() => undefined)
const LATE_MS = [1500, 11_000, 30_000, 62_000] as const
/** After that, the client no longer waits for a response. */
const LISTENED_MS = 64_900
/** The server receives the name of the fault with the request. */
const FAULT_HEADER = 'x-fault'
/** Faults of the server, by their names in the testkit. */
const SERVER_FAULTS = {
  'refused requests': [
    '500',
    '503 with Retry-After in seconds',
    '429 with Retry-After of zero',
    '502 with HTML',
  ],
  'odd responses': [
    '500 after processing',
    '200 with HTML',
    '200 with cut JSON',
    '200 with an array',
    '200 as text/plain',
    'expires_in missing',
    'expires_in zero',
    'access_token missing',
    'token_type missing',
    'no refresh token',
    'the same refresh token',
    'narrowed scope',
    'ID token with a broken signature',
  ],
  invalid_grant: ['invalid_grant'],
  'another subject': ['ID token of another subject'],
} as const

/** Makes the server commit the faults that the link chooses. */
export function followFaults({ server }: Pick<Setting, 'server'>): void {
  server.always('refresh', ({ headers }): ServerFault | undefined => FAULTS[headers.get(FAULT_HEADER) ?? ''])
}

/** The connection of one process to the authorization server. */
export function linkServer(machine: Machine, setting: Setting): typeof globalThis.fetch {
  const { world, random, history, server, accessTokens } = setting

  /** Draws the fault of one refresh request. */
  function drawFault(): { readonly kind: Fault; readonly name: string } | undefined {
    const kinds = Object.keys(SERVER_FAULTS) as (keyof typeof SERVER_FAULTS)[]
    const kind = kinds.find(setting.happens)
    if (kind) return { kind, name: random.pick<string>(SERVER_FAULTS[kind]) }
    const network = (['lost responses', 'late responses'] as const).find(setting.happens)
    return network && { kind: network, name: random.pick(['before', 'after', 'silent']) }
  }

  async function refresh(
    refreshToken: string,
    resource: string,
    url: string,
    init: RequestInit,
  ): Promise<Response> {
    const { grant = '' } = history.issued.get(refreshToken) ?? {}
    const fault = drawFault()
    if (fault) history.trouble(fault.kind, machine.index)
    const send: Send = {
      process: machine.index,
      grant,
      refreshToken,
      resource,
      sent: history.now(),
      fault: fault?.name,
    }
    history.sends.push(send)
    world.note(`send ${refreshToken.slice(-6)} ${fault?.name}`)
    setting.reached(machine, 'sent')
    await machine.send('refresh')
    if (fault?.kind === 'lost responses' && fault.name === 'before') return breaks(send)
    if (fault?.kind === 'late responses' && fault.name === 'before') await world.sleep(random.pick(LATE_MS))
    const headers = new Headers(init.headers)
    headers.set(FAULT_HEADER, fault?.name ?? '')
    const { response, text } = await judged(send, await server.fetch(url, { ...init, headers }))
    setting.reached(machine, 'answered')
    if (fault?.kind === 'lost responses') return fault.name === 'silent' ? NEVER : breaks(send)
    if (fault?.kind === 'late responses' && fault.name !== 'before') await world.sleep(random.pick(LATE_MS))
    await machine.receive('refreshed')
    const { gave } = send.judged ?? {}
    const isInTime = world.time - send.sent.time < LISTENED_MS
    send.delivered = {
      ...history.now(),
      readable: isInTime && (gave === undefined || membersOf(text)['refresh_token'] === gave),
    }
    return response
  }

  async function breaks(send: Send): Promise<never> {
    await machine.run('breaks')
    send.broken = history.now()
    throw new TypeError('fetch failed', { cause: new Error('The connection was reset') })
  }

  async function judged(send: Send, response: Response) {
    const text = await response.text()
    const { refreshToken, grant } = send
    const shown = membersOf(text)['refresh_token']
    const current =
      grant === '' || !server.grants.alive(grant) ? undefined : server.grants.currentRefreshToken(grant)
    const isNew = (token: unknown): token is string =>
      typeof token === 'string' && token !== '' && !history.issued.has(token)
    const gave = [shown, current].find(isNew)
    const parent = history.issued.get(refreshToken)
    if (gave !== undefined) {
      const depth = (parent?.depth ?? 0) + 1
      history.issued.set(gave, { grant, depth, parent: refreshToken, at: history.now() })
    }
    noteToken(text, send.resource)
    send.judged = { ...history.now(), gave, status: response.status }
    return { text, response: copy(response, text) }
  }

  function noteToken(text: string, resource: string): void {
    const { access_token: token, expires_in: lifetime } = membersOf(text)
    if (typeof token !== 'string') return
    const { sub = '', exp = 0 } = server.introspect(token)
    const ahead = server.clock.now() - world.now()
    // No client can know when a token expires if its server does not say so.
    const expiresAt = Number(lifetime) > 0 ? exp - ahead : Infinity
    accessTokens.set(token, { sub, resource, expiresAt })
  }

  /** The sign-in, metadata, keys and revocations. */
  async function other(body: URLSearchParams, url: string, init: RequestInit): Promise<Response> {
    // An event reports the result of the revocation.
    const revoked = body.get('token')
    if (revoked !== null) history.revoked.set(revoked, history.now())
    await machine.send(`asks ${new URL(url).pathname}`)
    if (setting.happens('silent metadata')) {
      history.trouble('silent metadata', machine.index)
      await NEVER
    }
    const response = await server.fetch(url, init)
    const text = await response.text()
    if (body.get('grant_type') === 'authorization_code') noteSignIn(text)
    await machine.receive('answered')
    return copy(response, text)
  }

  function noteSignIn(text: string): void {
    const { refresh_token: token, access_token: accessToken } = membersOf(text)
    noteToken(text, '')
    const { sub = '' } = server.introspect(String(accessToken))
    const grant = server.grants.find(sub)?.id ?? ''
    if (typeof token === 'string')
      history.issued.set(token, { grant, depth: 0, parent: undefined, at: history.now() })
  }

  return async (input, given = {}) => {
    const url = input instanceof Request ? input.url : input.toString()
    if (new URL(url).origin !== server.issuer) history.seen.push(`I3: a request for ${url}`)
    const { signal: _, ...init } = given
    const body = new URLSearchParams(
      init.body instanceof URLSearchParams ? init.body : ((init.body ?? '') as string),
    )
    if (/at_canary|seal_canary/.test(String(body)) && !body.has('token'))
      history.seen.push('I3: an access token went to the server')
    const refreshToken = body.get('refresh_token')
    if (refreshToken === null) return other(body, url, init)
    return refresh(refreshToken, body.get('resource') ?? '', url, init)
  }
}

function membersOf(text: string): Record<string, unknown> {
  try {
    const body: unknown = JSON.parse(text)
    return typeof body === 'object' && body !== null && !Array.isArray(body) ? { ...body } : {}
  } catch {
    return {}
  }
}

function copy({ status, headers }: Response, text: string): Response {
  return new Response(text === '' ? null : text, { status, headers })
}
