import { createMemoryStore, type EvertokenEvent, type SessionStore } from '@evertoken/core'
import { importSigningKey, privateKeyJwt } from '@evertoken/core/credentials'
import { dpop } from '@evertoken/core/dpop'
import { clientCredentials, tokenExchange } from '@evertoken/core/grants'
import { evertoken, type EvertokenWithClient } from '@evertoken/node'
import { createCookieMap, createShiftableClock, type CookieMap } from '@evertoken/testkit'
import { decodeJwt, importJWK, SignJWT } from 'jose'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  type Api,
  CLIENT,
  ORIGIN,
  type Provider,
  PUBLIC_CLIENT,
  SIGNING_CLIENT,
  startApi,
  startProvider,
  TOKEN_EXCHANGE,
} from './dpop-servers.ts'

const CALLS = 20
const TOKEN_SECONDS = 300
const open: (Provider | Api)[] = []

beforeEach(() => {
  // The provider, the APIs and the application have the same time. Their timers and their monotonic clock are real.
  vi.useFakeTimers({ toFake: ['Date'] })
})
afterEach(() => {
  for (const each of open.splice(0)) each.close()
  vi.useRealTimers()
})

interface World {
  readonly provider: Provider
  readonly api: Api
  readonly events: EvertokenEvent[]
  readonly store: SessionStore & { swaps: number }
  /** Changes the requests to the provider, and its responses. */
  intercept: typeof fetch
  /** Another process with these options. */
  process(options?: object): EvertokenWithClient
}

async function createWorld({
  nonces = false,
  apiNonce = undefined as string | undefined,
} = {}): Promise<World> {
  const provider = await startProvider(nonces)
  const api = await startApi(provider, apiNonce)
  open.push(provider, api)
  const memory = createMemoryStore()
  const store = {
    ...memory,
    swaps: 0,
    swap(...parameters: Parameters<SessionStore['swap']>) {
      store.swaps++
      return memory.swap(...parameters)
    },
  }
  const events: EvertokenEvent[] = []
  const world: World = {
    provider,
    api,
    events,
    store,
    intercept: fetch,
    process(options = {}) {
      const all = {
        issuer: provider.issuer,
        clientId: CLIENT.id,
        clientSecret: CLIENT.secret,
        encryptionSecret: 'a secret of thirty-two characters',
        baseUrl: ORIGIN,
        scope: 'openid offline_access api',
        senderConstraint: dpop(),
        session: 'server',
        client: clientCredentials(),
        store,
        onEvent: (event: EvertokenEvent) => void events.push(event),
        fetch: (input: string | URL | Request, init?: RequestInit) => world.intercept(input, init),
        ...options,
      }
      // A test removes an option with `undefined`.
      const given = Object.entries(all).filter(([, value]) => value !== undefined)
      return evertoken(Object.fromEntries(given) as never) as EvertokenWithClient
    },
  }
  return world
}

/** Signs a user in at the provider. Resolves to the response of the callback. */
async function signIn(auth: EvertokenWithClient, cookies: CookieMap): Promise<Response> {
  const atProvider = createCookieMap({ url: ORIGIN })
  const start = await send(auth, cookies, '/auth/login')
  let url = start.headers.get('location') ?? ''
  for (let hops = 0; hops < 10 && !url.startsWith(ORIGIN); hops++) {
    const response = await fetch(url, { redirect: 'manual', headers: { cookie: atProvider.header() } })
    atProvider.keep(response)
    url = new URL(response.headers.get('location') ?? '', url).href
  }
  return send(auth, cookies, url)
}

async function send(
  auth: EvertokenWithClient,
  cookies: CookieMap,
  path: string,
  handler: () => Promise<Response> = async () => new Response(),
): Promise<Response> {
  const headers = { cookie: cookies.header(), 'sec-fetch-mode': 'navigate', 'sec-fetch-site': 'same-origin' }
  const response = await auth.handle(new Request(new URL(path, ORIGIN), { headers }), handler)
  cookies.keep(response)
  return response
}

/** A browser with a session. `run` calls the application as its user. */
async function signedIn(auth: EvertokenWithClient) {
  const cookies = createCookieMap({ url: ORIGIN })
  const done = await signIn(auth, cookies)
  expect([done.status, await done.text()]).toEqual([303, ''])
  async function run<T>(work: () => Promise<T>, by = auth): Promise<T> {
    let result: T | undefined
    await send(by, cookies, '/', async () => {
      result = await work()
      return new Response()
    })
    return result as T
  }
  return { cookies, run }
}

function isTokenRequest(input: string | URL | Request): boolean {
  return new Request(input).url.endsWith('/token')
}

/** Changes the JSON of the responses of the token endpoint. */
function withTokenResponse(change: (body: Record<string, unknown>) => object): typeof fetch {
  return async (input, init) => {
    const response = await fetch(input, init)
    if (!isTokenRequest(input)) return response
    const { status, headers } = response
    const nonce = headers.get('dpop-nonce') ?? ''
    const body = (await response.json()) as Record<string, unknown>
    return Response.json(change(body), { status, headers: { 'dpop-nonce': nonce } })
  }
}

function expire(seconds = TOKEN_SECONDS + 1): void {
  vi.setSystemTime(Date.now() + seconds * 1000)
}

describe.each([
  { session: 'server', nonces: false },
  { session: 'cookie', nonces: false },
  { session: 'server', nonces: true },
  { session: 'cookie', nonces: true },
])('a $session session at a real server, nonces: $nonces', ({ session, nonces }) => {
  it('S18: binds the code and all tokens to one key, and refreshes once for a burst', async () => {
    const { provider, api, events, process } = await createWorld({ nonces })
    const auth = process({ session })
    const orders = auth.createTokenFetch({ baseUrl: api.url })
    const { run } = await signedIn(auth)
    const jkt = provider.authorizations[0]?.get('dpop_jkt')

    const token = await run(async () => auth.getUserAccessToken())
    expect(token?.type).toBe('DPoP')
    expect(await provider.boundTo(token?.value ?? '')).toBe(jkt)
    expect(await run(async () => (await orders('a?b=c#d')).status)).toBe(200)

    expire()
    const statuses = await run(() => Promise.all(Array.from({ length: CALLS }, () => orders('a'))))
    expect(statuses.map(({ status }) => status)).toEqual(Array.from({ length: CALLS }, () => 200))
    expect(provider.granted('refresh_token')).toBe(1)
    expect(events.filter(({ type }) => type.endsWith('_failed'))).toEqual([])
    const refreshed = await run(async () => auth.getUserAccessToken())
    expect(await provider.boundTo(refreshed?.value ?? '')).toBe(jkt)
    // Each request had its own proof.
    expect(new Set(api.requests.map(({ claims }) => claims['jti'])).size).toBe(CALLS + 1)
    expect(api.requests[0]?.claims).toMatchObject({ htm: 'GET', htu: `${api.url}a` })
  })
})

describe('a sign-in', () => {
  it('binds each session to its own key, and calls UserInfo and APIs with proofs', async () => {
    const { provider, api, events, process } = await createWorld({ nonces: true, apiNonce: 'n' })
    const statuses: number[] = []
    const auth = process({
      async onSignIn(_claims: unknown, { fetch: call }: { readonly fetch: typeof fetch }) {
        statuses.push((await call(`${api.url}me`)).status)
      },
    })
    await signedIn(auth)
    const { run } = await signedIn(auth)
    expect(statuses).toEqual([200, 200])
    expect(events.filter(({ type }) => type === 'user_info_failed')).toEqual([])
    const thumbprints = provider.authorizations.map((parameters) => parameters.get('dpop_jkt'))
    expect(new Set(thumbprints).size).toBe(2)

    expire()
    await run(() => auth.getUserAccessToken())
    await auth.drain({ timeoutSeconds: 10 })
    expect(statuses).toEqual([200, 200, 200])
  })
})

describe('the token endpoint', () => {
  it('gets the nonce of the latest response, and a refresh costs no second lease', async () => {
    const { provider, store, process } = await createWorld({ nonces: true })
    const auth = process()
    const { run } = await signedIn(auth)
    // The first token request of the process has no nonce.
    expect(provider.tokenRequests.map(({ status }) => status)).toEqual([400, 200])
    const code = provider.tokenRequests.map(({ form }) => form.get('code'))
    expect(code[0]).toBe(code[1])

    // The nonces of the provider change after a few minutes.
    expire(3600)
    const before = store.swaps
    await run(() => auth.getUserAccessToken())
    expect(provider.tokenRequests.map(({ status }) => status)).toEqual([400, 200, 400, 200])
    const [, , first, second] = provider.tokenRequests.map(({ form }) => form.get('refresh_token'))
    expect(first).toBe(second)
    // The lease and the tokens.
    expect(store.swaps - before).toBe(2)
  })

  it('gets a new assertion of the client with each request', async () => {
    const { provider, process } = await createWorld({ nonces: true })
    const pem = String(SIGNING_CLIENT.key.privateKey.export({ format: 'pem', type: 'pkcs8' }))
    const clientAuthentication = privateKeyJwt(await importSigningKey(pem, 'ES256'))
    const options = { clientId: SIGNING_CLIENT.id, clientSecret: undefined, clientAuthentication }
    const { run } = await signedIn(process(options))
    // Another process has no nonce.
    const auth = process(options)
    vi.setSystemTime(Date.now() + TOKEN_SECONDS * 1000)
    expect(await run(() => auth.getUserAccessToken(), auth)).toMatchObject({ type: 'DPoP' })
    expect(provider.tokenRequests.map(({ status }) => status)).toEqual([400, 200, 400, 200])
    const assertions = provider.tokenRequests.map(({ form }) => form.get('client_assertion'))
    expect(new Set(assertions.map((jwt) => decodeJwt(jwt ?? '').jti)).size).toBe(4)
  })

  it('gets no more than one further request if each response asks for a nonce', async () => {
    const world = await createWorld()
    const auth = world.process()
    const { run } = await signedIn(auth)
    expire()
    let requests = 0
    world.intercept = async (input, init) => {
      if (!isTokenRequest(input)) return fetch(input, init)
      const headers = { 'dpop-nonce': `nonce-${(requests += 1)}` }
      return Response.json({ error: 'use_dpop_nonce' }, { status: 400, headers })
    }
    const error = await run(() => auth.getUserAccessToken().catch((failure: unknown) => failure))
    expect(error).toMatchObject({ name: 'TryLaterError', code: 'authorization_server_unavailable' })
    expect(requests).toBe(2)

    world.intercept = fetch
    expire(60)
    expect(await run(() => auth.getUserAccessToken())).toMatchObject({ type: 'DPoP' })
  })

  it('S18: cannot downgrade a session: nothing is sent, and the new refresh token is kept', async () => {
    const world = await createWorld()
    const { api, provider } = world
    const auth = world.process()
    const orders = auth.createTokenFetch({ baseUrl: api.url, throwTokenErrors: true })
    const { run } = await signedIn(auth)
    expire()
    world.intercept = withTokenResponse((body) => ({ ...body, token_type: 'Bearer' }))
    for (let i = 0; i < 2; i++) {
      const error = await run(() => orders('a').catch((failure: unknown) => failure))
      expect(error).toMatchObject({ name: 'ConfigurationError', code: 'sender_constraint_refused' })
    }
    expect(api.requests).toEqual([])

    world.intercept = fetch
    expire(60)
    expect(await run(async () => (await orders('a')).status)).toBe(200)
    expect(provider.granted('refresh_token')).toBe(2)
  })

  it('cannot start a session with a token that is not bound', async () => {
    const world = await createWorld()
    const auth = world.process()
    world.intercept = withTokenResponse((body) => ({ ...body, token_type: undefined }))
    const response = await signIn(auth, createCookieMap({ url: ORIGIN }))
    expect([response.status, await response.text()]).toEqual([
      500,
      expect.stringContaining('sender_constraint_refused'),
    ])
  })

  it('that refuses the proof causes a typed error, and the session is kept', async () => {
    const world = await createWorld()
    const auth = world.process()
    const { run } = await signedIn(auth)
    expire()
    world.intercept = async (input, init) =>
      isTokenRequest(input)
        ? Response.json({ error: 'invalid_dpop_proof' }, { status: 400 })
        : fetch(input, init)
    const error = await run(() => auth.getUserAccessToken().catch((failure: unknown) => failure))
    expect(error).toMatchObject({ name: 'ConfigurationError', code: 'client_rejected' })
    world.intercept = fetch
    expire(60)
    expect(await run(() => auth.getUserAccessToken())).toBeDefined()
  })

  it('binds the refresh tokens of a public client', async () => {
    const { provider, process } = await createWorld({ nonces: true })
    const options = { clientId: PUBLIC_CLIENT.id, clientAuthentication: 'none', clientSecret: undefined }
    const auth = process(options)
    const { run } = await signedIn(auth)
    for (let i = 1; i < 4; i++) {
      expire()
      expect(await run(() => auth.getUserAccessToken())).toMatchObject({ type: 'DPoP' })
      expect(provider.granted('refresh_token')).toBe(i)
    }
  })
})

describe('an API', () => {
  it('S18: gets the nonce that it sent last, and no nonce of another server', async () => {
    const { provider, api, process } = await createWorld({ nonces: true, apiNonce: 'first' })
    const other = await startApi(provider, 'other')
    open.push(other)
    const auth = process()
    const call = auth.createTokenFetch({ baseUrl: api.url, allowedUrls: [other.url] })
    const { run } = await signedIn(auth)
    const noncesOf = ({ requests }: Api) => requests.map(({ claims }) => claims['nonce'])

    expect(await run(async () => (await call('a')).status)).toBe(200)
    expect(await run(async () => (await call(other.url)).status)).toBe(200)
    expect(await run(async () => (await call('a')).status)).toBe(200)
    api.nonce = 'second'
    expect(await run(async () => (await call('a')).status)).toBe(200)
    expect(noncesOf(api)).toEqual([undefined, 'first', 'first', 'first', 'second'])
    expect(noncesOf(other)).toEqual([undefined, 'other'])
    expect(provider.granted('refresh_token')).toBe(0)
  })

  it('gets one further request if each response asks for a nonce', async () => {
    const { provider, api, process } = await createWorld({ apiNonce: 'n' })
    const auth = process()
    const call = auth.createTokenFetch({ baseUrl: api.url })
    const { run } = await signedIn(auth)
    let count = 0
    api.script = (_request, response) => {
      const headers = { 'www-authenticate': 'DPoP error="use_dpop_nonce"', 'dpop-nonce': `n-${(count += 1)}` }
      response.writeHead(401, headers).end()
      return true
    }
    expect(await run(async () => (await call('a')).status)).toBe(401)
    expect(count).toBe(2)
    expect(provider.granted('refresh_token')).toBe(0)
  })

  it('gets a body again if it can be repeated, also from the proxy', async () => {
    const { api, process } = await createWorld({ apiNonce: 'n' })
    const auth = process()
    const call = auth.createTokenFetch({ baseUrl: api.url })
    const proxy = auth.createTokenProxy({ '/api/*': { target: api.url, token: 'user' } })
    const { run } = await signedIn(auth)
    const post = { method: 'POST', body: 'text' }
    const headers = { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors' }
    const sends: readonly (() => Promise<Response | undefined>)[] = [
      () => call('a', post),
      () => call(new Request(`${api.url}a`, post)),
      () => call('a', { ...post, body: new Blob(['text']).stream(), duplex: 'half' } as RequestInit),
      () => proxy(new Request(`${ORIGIN}/api/a`, { ...post, headers })),
    ]
    for (const [i, each] of sends.entries()) {
      api.nonce = `nonce-${i}`
      expect(await run(async () => (await each())?.status)).toBe(200)
      expect(api.requests.map(({ body, refused }) => [body, refused])).toEqual([
        ['text', 'use_dpop_nonce'],
        ['text', undefined],
      ])
      api.requests.length = 0
    }
  })

  it('gets a new proof for each redirect, and another origin gets neither token nor proof', async () => {
    const { provider, api, process } = await createWorld({ apiNonce: 'n' })
    const other = await startApi(provider)
    open.push(other)
    const auth = process()
    const call = auth.createTokenFetch({ baseUrl: api.url })
    const { run } = await signedIn(auth)
    api.script = ({ url }, response) => {
      const to = new Map([
        ['/a', '/b'],
        ['/foreign', `${other.url}x`],
      ]).get(url ?? '')
      if (to !== undefined) response.writeHead(307, { location: to }).end()
      return to !== undefined
    }
    expect(await run(async () => (await call('a')).status)).toBe(200)
    expect(api.requests.map(({ claims }) => claims['htu'])).toEqual([
      `${api.url}a`,
      `${api.url}b`,
      `${api.url}b`,
    ])
    other.script = (request, response) => {
      response.end(JSON.stringify([request.headers['dpop'], request.headers.authorization]))
      return true
    }
    expect(await run(async () => (await call('foreign')).json())).toEqual([null, null])
  })

  it('that knows another key rejects the token, and the session is kept', async () => {
    const { api, provider, process } = await createWorld()
    const auth = process()
    const call = auth.createTokenFetch({ baseUrl: api.url })
    const { run } = await signedIn(auth)
    api.script = (_request, response) => {
      response.writeHead(401, { 'www-authenticate': 'DPoP error="invalid_token"' }).end()
      return true
    }
    expect(await run(async () => (await call('a')).status)).toBe(401)
    expect(provider.granted('refresh_token')).toBe(1)
    api.script = undefined
    expect(await run(async () => (await call('a')).status)).toBe(200)
  })

  it('accepts the headers for clients other than fetch', async () => {
    const { api, process } = await createWorld()
    const auth = process()
    const { run } = await signedIn(auth)
    const token = await run(() => auth.getUserAccessToken())
    const url = `${api.url}stream?x=1`
    const [first, second] = [await token?.headersFor(url, 'post'), await token?.headersFor(url, 'POST')]
    expect(first?.authorization).toBe(`DPoP ${token?.value}`)
    expect(first?.['dpop']).not.toBe(second?.['dpop'])
    expect((await fetch(url, { method: 'POST', headers: first ?? {} })).status).toBe(200)
  })

  it('gets proofs by the clock of the server, if the clock of the process is wrong', async () => {
    const { api, process } = await createWorld()
    const clock = createShiftableClock()
    clock.shift(-500)
    const auth = process({ clock })
    const call = auth.createTokenFetch({ baseUrl: api.url })
    const { run } = await signedIn(auth)
    expect(await run(async () => (await call('a')).status)).toBe(200)
    expect(Number(api.requests[0]?.claims['iat'])).toBeCloseTo(Date.now() / 1000, -1)
  })
})

describe('the tokens of the application itself', () => {
  it('are bound to a key that the processes share', async () => {
    const { api, provider, process } = await createWorld({ nonces: true, apiNonce: 'n' })
    const calls = [process(), process()].map((auth) =>
      auth.createTokenFetch({ baseUrl: api.url, token: 'client' }),
    )
    for (const call of calls) expect((await call('a')).status).toBe(200)
    expect(provider.granted('client_credentials')).toBe(1)
    const before = await process().getClientAccessToken()
    expire()
    const after = await process().getClientAccessToken()
    expect(after.type).toBe('DPoP')
    expect(await provider.boundTo(after.value)).toBe(await provider.boundTo(before.value))
  })
})

describe('an exchanged token', () => {
  it('is bound to the key of the session, and is sent with proofs', async () => {
    const { provider, api, process } = await createWorld()
    const auth = process()
    const { run } = await signedIn(auth)
    const token = tokenExchange({ audience: 'reports' })
    const call = auth.createTokenFetch({ baseUrl: api.url, token })
    expect((await run(() => call('reports'))).status).toBe(200)
    const own = await run(() => auth.getUserAccessToken())
    const exchanged = await run(() => auth.getUserAccessToken({ token }))
    expect(exchanged?.type).toBe('DPoP')
    expect(exchanged?.value).not.toBe(own?.value)
    const key = await provider.boundTo(own?.value ?? '')
    expect(key).toMatch(/./)
    expect(await provider.boundTo(exchanged?.value ?? '')).toBe(key)
    const headers = await exchanged?.headersFor(`${api.url}other`, 'GET')
    expect((await fetch(`${api.url}other`, { headers: headers ?? {} })).status).toBe(200)
    expect(provider.granted(TOKEN_EXCHANGE)).toBe(1)
  })

  it('that is not bound is not used', async () => {
    const world = await createWorld()
    const auth = world.process()
    const { run } = await signedIn(auth)
    world.intercept = withTokenResponse((body) =>
      'issued_token_type' in body ? { ...body, token_type: 'Bearer' } : body,
    )
    const call = auth.createTokenFetch({
      baseUrl: world.api.url,
      token: tokenExchange({ audience: 'reports' }),
      throwTokenErrors: true,
    })
    for (let i = 0; i < 2; i++)
      await expect(run(() => call('reports'))).rejects.toMatchObject({ code: 'sender_constraint_refused' })
    expect(world.api.requests).toEqual([])
    expect(await run(() => auth.getUserAccessToken())).toMatchObject({ type: 'DPoP' })
  })

  it('is not sent by a process without the option', async () => {
    const { provider, api, process } = await createWorld()
    const auth = process()
    const { run } = await signedIn(auth)
    const token = tokenExchange({ audience: 'reports' })
    expect(await run(() => auth.getUserAccessToken({ token }))).toMatchObject({ type: 'DPoP' })
    const other = process({ senderConstraint: undefined })
    // A process that knows the time of the server does not need the user's own token.
    expect((await other.getClientAccessToken()).type).toBe('Bearer')
    const call = other.createTokenFetch({ baseUrl: api.url, token, throwTokenErrors: true })
    await expect(run(() => call('reports'), other)).rejects.toMatchObject({ code: 'invalid_option' })
    expect(api.requests).toEqual([])
    expect(provider.granted(TOKEN_EXCHANGE)).toBe(1)
  })
})

describe('a process with other options', () => {
  it('without the option refuses a bound session and leaves it intact', async () => {
    const { api, provider, process } = await createWorld()
    const [auth, old] = [process(), process({ senderConstraint: undefined })]
    const call = old.createTokenFetch({ baseUrl: api.url, throwTokenErrors: true })
    const { run } = await signedIn(auth)
    for (const work of [() => call('a'), () => old.getUserAccessToken()]) {
      const error = await run(() => work().catch((failure: unknown) => failure), old)
      expect(error).toMatchObject({ name: 'ConfigurationError', code: 'invalid_option' })
    }
    expire()
    await run(() => old.getUserAccessToken().catch(() => undefined), old)
    expect(provider.granted('refresh_token')).toBe(0)
    expect(await run(() => auth.getUserAccessToken())).toBeDefined()
    expect(api.requests).toEqual([])
  })

  it('with the option serves a session from before as it was', async () => {
    const { process } = await createWorld()
    const [auth, old] = [process(), process({ senderConstraint: undefined })]
    const { run } = await signedIn(old)
    expire()
    expect(await run(() => auth.getUserAccessToken(), auth)).toMatchObject({ type: 'Bearer' })
  })
})

describe('a session from a sign-in of the application', () => {
  it('continues with the key of the application', async () => {
    const { api, provider, process } = await createWorld()
    const auth = process()
    const call = auth.createTokenFetch({ baseUrl: api.url })
    const cookies = createCookieMap({ url: ORIGIN })
    const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign'])
    const proofKey = await crypto.subtle.exportKey('jwk', pair.privateKey)
    const tokenResponse = await requestTokens(provider, proofKey)
    const start = async (options: object) => {
      let status = 0
      await send(auth, cookies, '/', async () => {
        await auth.startSession(tokenResponse, { claims: { sub: 'ada' }, ...options })
        status = (await call('a')).status
        return new Response()
      })
      return status
    }
    await expect(start({})).rejects.toMatchObject({ code: 'sender_constraint_refused' })
    expect(await start({ proofKey })).toBe(200)
    expect(api.requests[0]?.authorization).toBe(`DPoP ${tokenResponse.access_token}`)
  })
})

/** Requests a token with a proof, as another library does. */
async function requestTokens(provider: Provider, key: JsonWebKey): Promise<{ access_token: string }> {
  const url = `${provider.issuer}/token`
  const { d: _, key_ops: __, ext: ___, ...jwk } = key
  const dpopProof = await new SignJWT({ htm: 'POST', htu: url, jti: 'of-the-test' })
    .setProtectedHeader({ typ: 'dpop+jwt', alg: 'ES256', jwk })
    .setIssuedAt()
    .sign(await importJWK(key as object, 'ES256'))
  const authorization = `Basic ${btoa(`${CLIENT.id}:${CLIENT.secret}`)}`
  const body = new URLSearchParams({ grant_type: 'client_credentials' })
  const response = await fetch(url, { method: 'POST', body, headers: { dpop: dpopProof, authorization } })
  return (await response.json()) as { access_token: string }
}
