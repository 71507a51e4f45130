import { createMemoryStore, type EvertokenEvent } from '@evertoken/core'
import { connectWithDeviceCode, type UserCode } from '@evertoken/core/device'
import { dpop } from '@evertoken/core/dpop'
import { createConnections } from '@evertoken/node/connections'
import { createManualClock } from '@evertoken/testkit'
import { describe, expect, it } from 'vitest'
import { SECRET } from './connection-owners.ts'

const ISSUER = 'https://login.example.com'
const METADATA = {
  issuer: ISSUER,
  authorization_endpoint: `${ISSUER}/authorize`,
  token_endpoint: `${ISSUER}/token`,
  device_authorization_endpoint: `${ISSUER}/device`,
}
const CODES = {
  device_code: 'device-code',
  user_code: 'WDJB-MJHT',
  verification_uri: `${ISSUER}/enter`,
  expires_in: 600,
  interval: 5,
}
const TOKENS = { access_token: 'at', refresh_token: 'rt', token_type: 'Bearer', expires_in: 300 }

type Poll = object | number | 'hang' | 'fail'
interface Sent {
  readonly seconds: number
  readonly form: URLSearchParams
  readonly headers: Headers
}

/** An application, and a server that gives these responses to polls. The last one is repeated. */
function createWorld(
  polls: readonly Poll[],
  more: { codes?: object; provider?: object; server?: object; metadata?: object } = {},
) {
  const clock = createManualClock()
  const startedAt = clock.now()
  const sent: Record<string, Sent[]> = { '/device': [], '/token': [] }
  const waiting = [...polls]
  const answer = (poll: Poll | undefined): Promise<Response> => {
    if (poll === 'hang') return new Promise(() => undefined)
    if (poll === 'fail') return Promise.reject(new TypeError('fetch failed'))
    if (typeof poll === 'number') return Promise.resolve(new Response('busy', { status: poll }))
    const { headers, ...body } = { headers: {}, ...poll } as { headers: object; error?: string }
    const init = { status: body.error === undefined ? 200 : 400, headers: { ...headers } }
    return Promise.resolve(Response.json(body, init))
  }
  const fetch = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const request = new Request(input, init)
    const { pathname } = new URL(request.url)
    if (pathname.includes('.well-known')) return Response.json({ ...METADATA, ...more.metadata })
    const form = new URLSearchParams(await request.text())
    sent[pathname]?.push({ seconds: Math.round(clock.now() - startedAt), form, headers: request.headers })
    if (pathname === '/device') return answer({ ...CODES, ...more.codes })
    return answer(waiting.length > 1 ? waiting.shift() : waiting[0])
  }
  const events: EvertokenEvent[] = []
  const connections = createConnections({
    encryptionSecret: SECRET,
    store: createMemoryStore({ clock }),
    clock,
    fetch,
    onEvent: (event) => void events.push(event),
    providers: {
      orders: {
        server: { issuer: ISSUER, ...more.server },
        clientId: 'cli',
        scope: 'read',
        ...more.provider,
      },
    },
  })
  const connection = connections.get('ada', 'orders')
  const shown: UserCode[] = []
  const onUserCode = (code: UserCode) => void shown.push(code)
  /** Connects, and moves the time from wait to wait. */
  async function run(options: object = {}): Promise<unknown> {
    const work = connectWithDeviceCode(connection, { onUserCode, ...options }).then(
      () => 'connected',
      (error: unknown) => error,
    )
    await clock.advanceUntil(work, 100_000_000)
    return work
  }
  const times = () => sent['/token']?.map(({ seconds }) => seconds)
  return { clock, startedAt, sent, events, connection, shown, run, times, onUserCode }
}

const PENDING = { error: 'authorization_pending' }
const SLOW_DOWN = { error: 'slow_down' }

describe('the device grant', () => {
  it('shows the code, polls at the interval of the server, and stores the grant', async () => {
    const { run, shown, times, sent, connection, startedAt } = createWorld([PENDING, PENDING, TOKENS])
    expect(await run()).toBe('connected')
    expect(shown).toEqual([
      {
        userCode: 'WDJB-MJHT',
        verificationUri: `${ISSUER}/enter`,
        verificationUriComplete: undefined,
        expiresAt: startedAt + 600,
      },
    ])
    expect(times()).toEqual([5, 10, 15])
    const [request] = sent['/device'] ?? []
    expect(Object.fromEntries(request?.form ?? [])).toEqual({ client_id: 'cli', scope: 'read' })
    const [poll] = sent['/token'] ?? []
    expect(Object.fromEntries(poll?.form ?? [])).toEqual({
      client_id: 'cli',
      device_code: 'device-code',
      grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
    })
    expect(await connection.getState()).toMatchObject({ state: 'active', scope: 'read' })
    expect((await connection.getAccessToken())?.value).toBe('at')
  })

  it('adds 5 seconds after `slow_down`, and keeps them', async () => {
    const { run, times } = createWorld([PENDING, SLOW_DOWN, PENDING, SLOW_DOWN, PENDING, TOKENS])
    expect(await run()).toBe('connected')
    expect(times()).toEqual([5, 10, 20, 30, 45, 60])
  })

  it.each([
    ['a failed connection', 'fail' as const, [5, 15, 35, 75]],
    ['an overloaded server', 503, [5, 15, 35, 75]],
    // Each request ends after 10 seconds.
    ['no response', 'hang' as const, [5, 25, 55, 105]],
  ])('doubles the interval after %s', async (_name, failure, expected) => {
    const { run, times } = createWorld([failure, failure, failure, TOKENS])
    expect(await run()).toBe('connected')
    expect(times()).toEqual(expected)
  })

  it('waits as long as `Retry-After` says', async () => {
    const busy = { ...PENDING, headers: { 'retry-after': '40' } }
    const { run, times } = createWorld([busy, TOKENS])
    expect(await run()).toBe('connected')
    expect(times()).toEqual([5, 45])
  })

  it.each([
    ['declines', [PENDING, { error: 'access_denied' }], 'access_denied'],
    ['is too late for the server', [PENDING, { error: 'expired_token' }], 'authorization_expired'],
    ['never decides', [PENDING], 'authorization_expired'],
    ['uses a client that the server rejects', [{ error: 'invalid_client' }], 'client_rejected'],
    [
      'uses a code that the server does not know',
      [{ error: 'invalid_grant' }],
      'authorization_response_invalid',
    ],
  ])('stores nothing if the user %s', async (_name, polls, code) => {
    const { run, connection, events, clock, startedAt } = createWorld(polls)
    expect(await run()).toMatchObject({ code })
    expect(await connection.getState()).toEqual({ state: 'not_connected' })
    expect(events).toContainEqual(expect.objectContaining({ type: 'connect_failed', code }))
    expect(clock.now()).toBeLessThanOrEqual(startedAt + 601)
  })

  it.each([
    [{ user_code: 'A\u001B[2JB' }, 'user_code'],
    [{ verification_uri: 'http://example.com/device' }, 'verification_uri'],
    [{ expires_in: 'soon' }, 'expires_in'],
  ])('refuses the codes %j', async (codes, member) => {
    const { run, shown, times } = createWorld([TOKENS], { codes })
    const error = await run()
    expect(error).toMatchObject({ code: 'token_response_malformed' })
    expect(String(error)).toContain(member)
    expect([shown, times()]).toEqual([[], []])
  })

  it('reports a server without the grant, and a client that may not use it', async () => {
    const without = createWorld([TOKENS], { metadata: { device_authorization_endpoint: undefined } })
    expect(await without.run()).toMatchObject({ code: 'authorization_server_metadata_invalid' })
    const refused = createWorld([TOKENS], { codes: { error: 'unauthorized_client' } })
    expect(await refused.run()).toMatchObject({ code: 'client_rejected' })
  })

  it('authenticates the client as at the token endpoint', async () => {
    const { run, sent } = createWorld([PENDING, TOKENS], { provider: { clientSecret: 'secret' } })
    expect(await run()).toBe('connected')
    const requests = [...(sent['/device'] ?? []), ...(sent['/token'] ?? [])]
    expect(requests.map(({ headers }) => headers.get('authorization'))).toEqual(
      requests.map(() => `Basic ${btoa('cli:secret')}`),
    )
  })

  it('binds the tokens to one key, and repeats a poll with the nonce of the server', async () => {
    const nonce = { error: 'use_dpop_nonce', headers: { 'dpop-nonce': 'n1' } }
    const { run, sent, connection } = createWorld([nonce, PENDING, { ...TOKENS, token_type: 'DPoP' }], {
      provider: { senderConstraint: dpop() },
    })
    expect(await run()).toBe('connected')
    const parts = (sent['/token'] ?? []).map(({ headers }) =>
      (headers.get('dpop') ?? '').split('.', 2).map((part) => JSON.parse(atob(part)) as object),
    )
    const keys = parts.map(([header]) => JSON.stringify((header as { readonly jwk: object }).jwk))
    expect([parts.length, new Set(keys).size]).toEqual([3, 1])
    expect(parts.map(([, claims]) => (claims as { readonly nonce?: string }).nonce)).toEqual([
      undefined,
      'n1',
      'n1',
    ])
    expect((await connection.getAccessToken())?.type).toBe('DPoP')
  })

  it('keeps the earlier account', async () => {
    const userInfo = { url: `${ISSUER}/device`, claims: () => ({ sub: 'bob' }) }
    const { run, connection } = createWorld([TOKENS], { server: { userInfo } })
    await connection.save({ ...TOKENS, access_token: 'first' }, { claims: { sub: 'alice' } })
    expect(await run()).toMatchObject({ code: 'account_mismatch' })
    expect((await connection.getAccessToken())?.value).toBe('first')
  })

  it('asks for the granted scope too', async () => {
    const { run, connection, sent } = createWorld([TOKENS])
    await connection.save({ ...TOKENS, scope: 'read write' })
    expect(await run({ scope: 'admin' })).toBe('connected')
    expect(sent['/device']?.[0]?.form.get('scope')).toBe('read write admin')
  })
})

describe('an attempt that the application ends', () => {
  const reason = new Error('Ctrl+C')

  it('stops waiting, and stores nothing', async () => {
    const { clock, connection, times, onUserCode } = createWorld([PENDING])
    const abort = new AbortController()
    const work = connectWithDeviceCode(connection, { onUserCode, signal: abort.signal })
    const ended = expect(work).rejects.toBe(reason)
    await clock.advance(12_000)
    abort.abort(reason)
    await ended
    await clock.advance(100_000)
    expect(times()).toEqual([5, 10])
  })

  it('stores no tokens that arrive after that', async () => {
    const abort = new AbortController()
    const late = { ...TOKENS, toJSON: () => (abort.abort(reason), TOKENS) }
    const { clock, connection, onUserCode } = createWorld([late])
    const work = connectWithDeviceCode(connection, { onUserCode, signal: abort.signal })
    const ended = expect(work).rejects.toBe(reason)
    await clock.advance(10_000)
    await ended
    expect(await connection.getState()).toEqual({ state: 'not_connected' })
  })

  it('sends nothing if it has ended before, and passes on an error of `onUserCode`', async () => {
    const { connection, sent, run, times } = createWorld([TOKENS])
    const signal = AbortSignal.abort(reason)
    await expect(connectWithDeviceCode(connection, { onUserCode() {}, signal })).rejects.toBe(reason)
    expect(sent['/device']).toEqual([])
    const onUserCode = () => Promise.reject(reason)
    expect(await run({ onUserCode })).toBe(reason)
    expect(times()).toEqual([])
  })

  it.each([[{}], [{ onUserCode: 'print' }], [{ onUserCode() {}, signal: 1 }], [{ onUserCode() {}, x: 1 }]])(
    'refuses the options %j',
    async (options) => {
      const { connection } = createWorld([TOKENS])
      await expect(connectWithDeviceCode(connection, options as never)).rejects.toMatchObject({
        code: 'invalid_option',
      })
      await expect(
        connectWithDeviceCode({ owner: 'ada', name: 'orders' }, { onUserCode() {} }),
      ).rejects.toThrow('`connections.get()`')
    },
  )
})
