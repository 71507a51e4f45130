import { createMemoryStore, type EvertokenEvent } from '@evertoken/core'
import { clientCredentials } from '@evertoken/core/grants'
import { evertoken, type EvertokenWithClient } from '@evertoken/node'
import { type ClientTokens, type ClientTokensOptions, createClientTokens } from '@evertoken/node/client'
import {
  createFaultyStore,
  createAuthorizationServer,
  createManualClock,
  type FakeAuthorizationServer,
  type ManualClock,
  cookieHeaderOf,
} from '@evertoken/testkit'
import { afterEach, describe, expect, it } from 'vitest'
import { createApplication } from './application.ts'
import { createSink, type Sink } from './sink.ts'

const SECRET = 'a secret of thirty-two characters'
const LIFETIME = 300

const open: Sink[] = []
afterEach(() => {
  for (const opened of open.splice(0)) opened.close()
})

interface Service {
  readonly clock: ManualClock
  readonly server: FakeAuthorizationServer
  readonly events: EvertokenEvent[]
  /** Another process. With a store, it shares the tokens. */
  process(options?: Partial<ClientTokensOptions>): ClientTokens
  requests(): number
}

function createService(): Service {
  const clock = createManualClock()
  const server = createAuthorizationServer({ clock, accessTokenSeconds: LIFETIME })
  const events: EvertokenEvent[] = []
  const { id, secret } = server.clients[0] ?? { id: '' }
  return {
    clock,
    server,
    events,
    process: (options = {}) =>
      createClientTokens({
        issuer: server.issuer,
        clientId: id,
        clientSecret: secret,
        fetch: (input, init) => server.fetch(input, init),
        onEvent: (event) => void events.push(event),
        clock,
        ...options,
      } as ClientTokensOptions),
    requests: () => server.log.filter(({ kind }) => kind === 'token').length,
  }
}

/** Lets work continue that waits only for other threads. */
async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setTimeout(resolve))
}

describe('the token of a service', () => {
  it('is requested once for all calls, and served until the soft window', async () => {
    const { process, clock, requests, events } = createService()
    const { getClientAccessToken } = process()
    const tokens = await Promise.all(Array.from({ length: 20 }, () => getClientAccessToken()))
    expect(new Set(tokens.map(({ value }) => value)).size).toBe(1)
    expect(requests()).toBe(1)
    await clock.advance((LIFETIME - 80) * 1000)
    await getClientAccessToken()
    expect(requests()).toBe(1)
    expect(events.filter(({ type }) => type === 'token_granted')).toMatchObject([
      { grant: 'client_credentials' },
    ])
  })

  it('is replaced in the background in the soft window, and before a call after its expiry', async () => {
    const { process, clock, requests } = createService()
    const { getClientAccessToken } = process()
    const first = await getClientAccessToken()
    await clock.advance((LIFETIME - 20) * 1000)
    expect((await getClientAccessToken()).value).toBe(first.value)
    await settle()
    const second = await getClientAccessToken()
    expect([second.value === first.value, requests()]).toEqual([false, 2])
    await clock.advance((LIFETIME + 20) * 1000)
    const third = await getClientAccessToken()
    expect([third.value === second.value, requests()]).toEqual([false, 3])
  })

  it('differs by request, and a request of a call replaces that of the options', async () => {
    const { process, server, requests } = createService()
    const { getClientAccessToken } = process({ scope: 'read' })
    const scopes = await Promise.all(
      [undefined, { scope: 'read' }, { scope: 'write' }].map(async (request) => {
        const { value, scope } = await getClientAccessToken(request)
        return [server.introspect(value)?.scope, scope]
      }),
    )
    expect(scopes).toEqual([
      ['read', 'read'],
      ['read', 'read'],
      ['write', 'write'],
    ])
    expect(requests()).toBe(2)
  })

  it('is shared by processes that share a store, without plain text in it', async () => {
    const { process, clock, requests } = createService()
    const store = createFaultyStore(createMemoryStore({ clock }))
    const records: string[] = []
    store.always('swap', ({ key = '', record = '' }) => {
      records.push(key + record)
      return undefined
    })
    const processes = Array.from({ length: 4 }, () => process({ store, encryptionSecret: SECRET }))
    for (let expiry = 1; expiry <= 3; expiry++) {
      const work = processes.map(async ({ getClientAccessToken }) => (await getClientAccessToken()).value)
      const done = Promise.all(work)
      for (let i = 0; i < 200; i++) {
        await clock.advance(20)
        await settle()
        if (records.length > 0 && i > 20) break
      }
      const values = new Set(await done)
      expect([values.size, requests()]).toEqual([1, expiry])
      expect(records.join()).not.toContain([...values][0])
      await clock.advance((LIFETIME + 1) * 1000)
    }
  })

  it('is looked for in the store again while another process replaces it', async () => {
    const { process, server, clock, requests } = createService()
    const shared = { store: createMemoryStore({ clock }), encryptionSecret: SECRET }
    const [one, two] = [process(shared), process(shared)]
    const old = (await one.getClientAccessToken()).value
    await clock.advance((LIFETIME - 20) * 1000)
    server.script('token', { type: 'hang' })
    await one.getClientAccessToken()
    await settle()
    expect((await two.getClientAccessToken()).value).toBe(old)
    server.release()
    await settle()
    const next = (await two.getClientAccessToken()).value
    expect([next === old, requests()]).toEqual([false, 2])
  })

  it('is found by all processes while a rotation changes the first secret, and after that', async () => {
    const { process, clock, requests } = createService()
    const store = createMemoryStore({ clock })
    const [old, next] = [SECRET, `the next ${SECRET}`]
    const valueFor = async (...encryptionSecret: string[]) =>
      (await process({ store, encryptionSecret }).getClientAccessToken()).value
    const values = [await valueFor(old, next), await valueFor(next, old), await valueFor(old, next)]
    expect([new Set(values).size, requests()]).toEqual([1, 1])
    // The steps that add or remove a secret cost one request each, however the processes alternate.
    for (let round = 0; round < 3; round++)
      for (const secrets of [[old], [old, next], [next]]) await valueFor(...secrets)
    expect(requests()).toBe(3)
  })

  it('is not overwritten by a process with another secret, and neither is the pause after a refusal', async () => {
    const { process, server, clock, requests } = createService()
    const store = createMemoryStore({ clock })
    const processes = [SECRET, `another ${SECRET}`].map((encryptionSecret) =>
      process({ store, encryptionSecret }),
    )
    server.always('token', { type: 'error', error: 'invalid_client' })
    for (let round = 0; round < 3; round++)
      for (const { getClientAccessToken } of processes)
        expect(await failureOf(getClientAccessToken())).toBe('client_rejected')
    expect(requests()).toBe(2)
  })

  it('that an API rejected is replaced, once for all calls', async () => {
    const { process, requests } = createService()
    const { getClientAccessToken } = process()
    const rejectedToken = await getClientAccessToken()
    const next = await Promise.all([1, 2, 3].map(() => getClientAccessToken({ rejectedToken })))
    expect(new Set(next.map(({ value }) => value)).size).toBe(1)
    expect(next[0]?.value).not.toBe(rejectedToken.value)
    expect(requests()).toBe(2)
  })

  it('goes to the configured URLs', async () => {
    const api = await createSink(() => {})
    open.push(api)
    const { process } = createService()
    const { createTokenFetch, getClientAccessToken } = process()
    const call = createTokenFetch({ baseUrl: `${api.url}/v1/` })
    expect((await call('entries')).status).toBe(200)
    const { value } = await getClientAccessToken()
    expect(api.arrivals[0]?.headers['authorization']).toBe(`Bearer ${value}`)
  })
})

describe('the options of a call', () => {
  it.each([
    [{ scopes: 'read' }, 'Did you mean `scope`?'],
    [{ forceRefresh: 'yes' }, '`forceRefresh`'],
    [{ minValiditySeconds: -1 }, '`minValiditySeconds`'],
    [{ audience: '' }, 'audience'],
    ['read', 'Pass an object'],
    [['read'], 'Unknown option'],
    [null, 'Pass an object'],
  ])('%o: the error of both getters names the mistake', async (options, problem) => {
    const { process, requests } = createService()
    const { auth, browser } = createApplication()
    const failures: unknown[] = [
      await process()
        .getClientAccessToken(options as object)
        .catch((error: unknown) => error),
    ]
    await browser().get('/', undefined, undefined, async () => {
      failures.push(await auth.getUserAccessToken(options as object).catch((error: unknown) => error))
      return new Response()
    })
    for (const failure of failures)
      expect(failure).toMatchObject({
        code: 'invalid_option',
        message: expect.stringContaining(problem) as string,
      })
    expect([failures.length, requests()]).toEqual([2, 0])
    if (options instanceof Object) expect(() => clientCredentials(options as object)).toThrow(problem)
  })

  it('can have members that are undefined', async () => {
    const { getClientAccessToken } = createService().process()
    const undefinedMembers = { signal: undefined, rejectedToken: undefined }
    expect((await getClientAccessToken(undefinedMembers)).type).toBe('Bearer')
  })

  it('events go to several listeners', async () => {
    const seen: string[] = []
    const listeners = ['one', 'two'].map((name) => () => void seen.push(name))
    await createService().process({ onEvent: listeners }).getClientAccessToken()
    expect(seen).toEqual(['one', 'two'])
  })
})

describe('an outage of the store', () => {
  /** A service whose store fails while `outage.kind` names the failing operations. */
  function createOutage() {
    const service = createService()
    const { process, clock } = service
    const store = createFaultyStore({ ...createMemoryStore({ clock }), outlivesProcess: true })
    const outage = { kind: 'none' as 'none' | 'swap' | 'all', calls: 0 }
    store.always('any', ({ kind }) => {
      if (outage.kind === 'none' || (outage.kind === 'swap' && kind !== 'swap')) return undefined
      outage.calls++
      return { type: 'fail' }
    })
    return { ...service, outage, ...process({ store, encryptionSecret: SECRET }) }
  }

  it.each(['all', 'swap'] as const)('(%s) leaves a token that works, with few attempts', async (kind) => {
    const { clock, requests, outage, getClientAccessToken } = createOutage()
    const { value } = await getClientAccessToken()
    await clock.advance((LIFETIME - 40) * 1000)
    outage.kind = kind
    for (let i = 0; i < 20; i++) {
      expect((await getClientAccessToken()).value).toBe(value)
      await settle()
    }
    const attempts = outage.calls
    expect(attempts).toBeLessThan(5)
    await clock.advance(1000)
    expect((await getClientAccessToken()).value).toBe(value)
    await settle()
    expect([outage.calls > attempts, requests()]).toEqual([true, 1])

    outage.kind = 'none'
    await clock.advance(10_000)
    await getClientAccessToken()
    await settle()
    expect([(await getClientAccessToken()).value === value, requests()]).toEqual([false, 2])
  })

  it('ends the calls after the expiry of the token', async () => {
    const { clock, outage, getClientAccessToken } = createOutage()
    await getClientAccessToken()
    await clock.advance((LIFETIME - 40) * 1000)
    outage.kind = 'all'
    await getClientAccessToken()
    await settle()
    await clock.advance(40_000)
    expect(await failureOf(getClientAccessToken())).toBe('store_unavailable')
  })

  it('ends only the call whose token an API rejected', async () => {
    const { clock, outage, getClientAccessToken } = createOutage()
    const rejectedToken = await getClientAccessToken()
    await clock.advance(5000)
    outage.kind = 'all'
    expect(await failureOf(getClientAccessToken({ rejectedToken }))).toBe('store_unavailable')
    expect((await getClientAccessToken()).value).toBe(rejectedToken.value)
  })
})

describe('a request for a token that fails', () => {
  it.each([
    ['invalid_client', 'client_rejected'],
    ['invalid_scope', 'client_rejected'],
    ['invalid_grant', 'client_rejected'],
  ])('with %s backs off, and no call asks the server meanwhile', async (refusal, code) => {
    const { process, server, clock, requests } = createService()
    const { getClientAccessToken } = process()
    server.script('token', { type: 'error', error: refusal })
    const calls = [1, 2].map(() => failureOf(getClientAccessToken()))
    expect(await Promise.all(calls)).toEqual([code, code])
    expect(await failureOf(getClientAccessToken())).toBe(code)
    expect(requests()).toBe(1)
    await clock.advance(2000)
    expect((await getClientAccessToken()).type).toBe('Bearer')
  })

  it('without a response is sent again immediately, because it used up nothing', async () => {
    const { process, server, requests, events } = createService()
    const { getClientAccessToken } = process()
    server.script('token', { type: 'reset', processed: true })
    expect((await getClientAccessToken()).type).toBe('Bearer')
    expect(requests()).toBe(2)
    expect(events.filter(({ type }) => type !== 'token_granted')).toEqual([])
  })

  it('keeps the old token while it works', async () => {
    const { process, server, clock } = createService()
    const { getClientAccessToken } = process()
    const { value } = await getClientAccessToken()
    server.always('token', { type: 'error', error: 'invalid_client' })
    await clock.advance((LIFETIME - 20) * 1000)
    for (let i = 0; i < 3; i++) {
      expect((await getClientAccessToken()).value).toBe(value)
      await settle()
    }
    await clock.advance(20_000)
    expect(await failureOf(getClientAccessToken())).toBe('client_rejected')
  })

  it('costs further calls one read of the store each, until the pause is over', async () => {
    const { process, server, clock } = createService()
    const store = createFaultyStore({ ...createMemoryStore({ clock }), outlivesProcess: true })
    const { getClientAccessToken } = process({ store, encryptionSecret: SECRET })
    server.script('token', { type: 'error', error: 'invalid_client' })
    await failureOf(getClientAccessToken())
    store.resetCounts()
    for (let i = 0; i < 2; i++) expect(await failureOf(getClientAccessToken())).toBe('client_rejected')
    expect(store.counts).toMatchObject({ read: 2, swap: 0 })
  })

  it('has messages about tokens and not about sessions', async () => {
    const { process, server, clock } = createService()
    const messages: string[] = []
    const messageOf = async ({ getClientAccessToken }: ClientTokens) =>
      void (await getClientAccessToken().catch((error: Error) => messages.push(error.message)))
    const refused = process()
    server.script('token', { type: 'error', error: 'invalid_client' })
    await messageOf(refused)
    await messageOf(process({ clientSecret: () => Promise.reject(new Error('The vault is down')) }))
    server.script('token', { type: 'hang' })
    const slow = messageOf(process({ serverTimeoutSeconds: 1 }))
    await settle()
    await clock.advance(1100)
    await slow
    server.release()
    const stopped = process()
    await stopped.drain()
    await messageOf(stopped)
    server.always('token', { type: 'error', error: 'server_error', status: 503 })
    const unavailable = messageOf(process())
    for (let second = 0; second < 15; second++) {
      await settle()
      await clock.advance(1000)
    }
    await unavailable
    expect(messages).toEqual([
      expect.stringContaining(
        'Cannot get an access token: the authorization server refuses the client (`invalid_client`).',
      ),
      expect.stringContaining('The function for the client secret or key failed.'),
      'Cannot get an access token in the time that the caller can wait. Try again later.',
      'Cannot get an access token: this process is shutting down. Try again later.',
      expect.stringMatching(
        /^Cannot get an access token now: .*\/token failed \(status 503, server_error\)\. Try again/,
      ),
    ])
    expect(messages.join()).not.toMatch(/refresh|session/i)
  })

  it('leaves the caller whose signal is aborted, and no other', async () => {
    const { process, server } = createService()
    const { getClientAccessToken } = process()
    server.script('token', { type: 'hang' })
    const controller = new AbortController()
    const [left, stays] = [getClientAccessToken({ signal: controller.signal }), getClientAccessToken()]
    await settle()
    controller.abort(new Error('The caller has left'))
    await expect(left).rejects.toThrow('The caller has left')
    server.release()
    expect((await stays).type).toBe('Bearer')
  })

  it.each([
    [{ clientId: undefined }, 'clientId'],
    [{ scopes: 'read' }, 'scopes'],
    [{ encryptionSecret: SECRET }, 'store'],
    [{ store: createMemoryStore() }, 'encryptionSecret'],
  ])('%o: the error names the option', (options, name) => {
    const { process } = createService()
    expect(() => process(options as object)).toThrow(`\`${name}\``)
  })
})

describe('the option `client` of an application', () => {
  function createWebApplication() {
    const { clock, server, events } = createService()
    const { id, secret } = server.clients[0] ?? { id: '' }
    const auth: EvertokenWithClient = evertoken({
      issuer: server.issuer,
      clientId: id,
      clientSecret: secret,
      encryptionSecret: SECRET,
      fetch: (input, init) => server.fetch(input, init),
      onEvent: (event) => void events.push(event),
      clock,
      client: clientCredentials({ scope: 'catalog:read' }),
    })
    return { clock, server, events, auth }
  }

  async function createApi() {
    const api = await createSink(() => {})
    open.push(api)
    const seen = () => api.arrivals.map(({ headers }) => headers['authorization']?.replace('Bearer ', ''))
    return { baseUrl: `${api.url}/`, seen }
  }

  it('gives the token of the application, in and out of requests', async () => {
    const { auth, server } = createWebApplication()
    const { value } = await auth.getClientAccessToken()
    expect(server.introspect(value)).toMatchObject({ active: true, scope: 'catalog:read' })
    const response = await auth.handle(new Request('https://app.example.com/'), async () =>
      Response.json((await auth.getClientAccessToken()).value),
    )
    expect(await response.json()).toBe(value)
  })

  it("token: 'client' sends it, and a source its own", async () => {
    const { auth, server } = createWebApplication()
    const { baseUrl, seen } = await createApi()
    await auth.createTokenFetch({ baseUrl, token: 'client' })('one')
    await auth.createTokenFetch({ baseUrl, token: clientCredentials({ scope: 'other' }) })('two')
    const proxy = auth.createTokenProxy({ '/api/*': { target: baseUrl, token: 'client' } })
    const request = new Request('https://app.example.com/api/three', {
      headers: { 'sec-fetch-site': 'same-origin' },
    })
    await auth.handle(request, async () => (await proxy(request)) ?? new Response(null, { status: 404 }))
    const scopes = seen().map((value) => server.introspect(value ?? '').scope)
    expect(scopes).toEqual(['catalog:read', 'other', 'catalog:read'])
  })

  it("token: 'user-or-client' sends it only if no user is signed in", async () => {
    const { auth, server, clock } = createWebApplication()
    const { baseUrl, seen } = await createApi()
    const call = auth.createTokenFetch({ baseUrl, token: 'user-or-client' })
    const subjects = () => seen().map((value) => server.introspect(value ?? '').sub)
    const application = server.clients[0]?.id
    const lost: unknown = await call('out of a request').catch((error: unknown) => error)
    expect(lost).toMatchObject({ code: 'no_current_session' })
    const request = new Request('https://app.example.com/')
    const signedOut = await auth.handle(request, async () => {
      await call('without a user')
      await auth.startSession(await server.issue({ sub: 'ada' }))
      await call('with a user')
      return new Response()
    })
    const cookie = cookieHeaderOf(signedOut)
    expect(subjects()).toEqual([application, 'ada'])

    await clock.advance((LIFETIME + 10) * 1000)
    server.always('refresh', { type: 'error', error: 'invalid_grant' })
    const later = new Request('https://app.example.com/', { headers: { cookie } })
    const refused = await auth.handle(later, () => call('with a user whose grant has ended'))
    expect([refused.status, subjects().length]).toEqual([401, 2])
  })

  it("token: 'user-or-client' does not send it for a user whose session ends during the call", async () => {
    const { auth, server, clock } = createWebApplication()
    const { baseUrl, seen } = await createApi()
    const call = auth.createTokenFetch({ baseUrl, token: 'user-or-client' })
    const started = await auth.handle(new Request('https://app.example.com/'), async () => {
      await auth.startSession(await server.issue({ sub: 'ada' }))
      return new Response()
    })
    const cookie = cookieHeaderOf(started)
    const handle = (work: () => Promise<Response>) =>
      auth.handle(new Request('https://app.example.com/', { headers: { cookie } }), work)
    await clock.advance((LIFETIME + 10) * 1000)
    server.script('refresh', { type: 'hang' })
    const refresh = handle(async () => {
      await auth.getUserAccessToken({ resource: 'https://api.example.com' })
      return new Response()
    })
    await settle()
    // Waits for the refresh before it.
    const waiting = handle(() => call('one'))
    await settle()
    await handle(async () => {
      await auth.endSession()
      return new Response()
    })
    server.release()
    await refresh
    expect([(await waiting).status, seen()]).toEqual([401, []])
  })

  it('shares its token with services that have the same client, store and secret', async () => {
    const { process, server, clock, requests } = createService()
    const { id, secret } = server.clients[0] ?? { id: '' }
    const shared = { store: createMemoryStore({ clock }), encryptionSecret: SECRET }
    const service = () => process({ ...shared, scope: 'read' })
    const application = () =>
      evertoken({
        issuer: server.issuer,
        clientId: id,
        clientSecret: secret,
        fetch: (input, init) => server.fetch(input, init),
        clock,
        ...shared,
        client: clientCredentials({ scope: 'read' }),
      })
    const values = new Set<string>()
    for (const create of [application, service, application, service])
      values.add((await create().getClientAccessToken()).value)
    expect([values.size, requests()]).toEqual([1, 1])
  })

  it('is required for the token of the application', async () => {
    const { server, clock } = createService()
    const auth = evertoken({
      issuer: server.issuer,
      clientId: 'web',
      clientSecret: 'a secret',
      encryptionSecret: SECRET,
      clock,
    }) as EvertokenWithClient
    await expect(auth.getClientAccessToken()).rejects.toThrow('`client` is missing')
    expect(() =>
      auth.createTokenFetch({ baseUrl: 'https://api.example', token: 'nobody' as 'client' }),
    ).toThrow('`token`')
    const source = { token: clientCredentials(), scope: 'read' } as object as { token: 'client' }
    expect(() => auth.createTokenFetch({ baseUrl: 'https://api.example', ...source })).toThrow('`scope`')
  })
})

/** The code of the error with which a call rejects. */
async function failureOf(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => 'no failure',
    (error: unknown) => (error as { readonly code?: unknown }).code,
  )
}
