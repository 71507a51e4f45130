import type { SessionStore } from '@evertoken/core'
import { afterEach, describe, expect, it } from 'vitest'
import { type Evertoken, evertoken } from '@evertoken/node'
import { createConnections } from '@evertoken/node/connections'
import { createFaultyStore, type ManualClock, pauseAfterProcessing } from '@evertoken/testkit'
import { createConnectionWorld, LIFETIME, SECRET } from './connection-owners.ts'
import { createSink, type Sink } from './sink.ts'

const opened: Sink[] = []
afterEach(() => {
  for (const sink of opened.splice(0)) sink.close()
})

/** Advances the clock in small steps, so that work between them can continue. */
async function advance(clock: ManualClock, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 100) {
    await clock.advance(100)
    await new Promise((resolve) => setTimeout(resolve))
  }
}

describe('a connection', () => {
  it('is not connected until a grant is saved, and then returns its token without a request', async () => {
    const { process, server, refreshes, events } = createConnectionWorld()
    const google = process().get('ada', 'google')
    expect(await google.getState()).toEqual({ state: 'not_connected' })
    expect(await google.getAccessToken()).toBeUndefined()
    const response = await server.issue({ sub: 'account-1', scope: 'openid calendar', expiresIn: LIFETIME })
    await google.save(response)
    expect((await google.getAccessToken())?.value).toBe(response.access_token)
    expect(refreshes()).toBe(0)
    expect(await google.getState()).toMatchObject({
      state: 'active',
      claims: { sub: 'account-1' },
      scope: 'openid calendar',
    })
    expect(events.filter(({ type }) => type === 'connection_created')).toMatchObject([{ provider: 'google' }])
  })

  it('is refreshed once for all calls of all processes after each expiry', async () => {
    const { process, server, clock, refreshes } = createConnectionWorld()
    const processes = Array.from({ length: 4 }, () => process().get('ada', 'google'))
    await processes[0]?.save(await server.issue({ expiresIn: LIFETIME }))
    for (let expiry = 1; expiry <= 3; expiry++) {
      await clock.advance((LIFETIME + 1) * 1000)
      const calls = Promise.all(
        processes.flatMap((each) => Array.from({ length: 5 }, () => each.getAccessToken())),
      )
      for (let i = 0; i < 60; i++) {
        await clock.advance(20)
        await new Promise((resolve) => setTimeout(resolve))
      }
      const values = new Set((await calls).map((token) => token?.value))
      expect([values.size, refreshes()]).toEqual([1, expiry])
    }
    expect(server.maxUses()).toBe(1)
  })

  it('sends its token with calls, and responds with the code and the link if the owner must act', async () => {
    const { process, server } = createConnectionWorld()
    const sink = await createSink(() => undefined)
    opened.push(sink)
    const google = process().get('ada', 'google:work')
    const call = google.createTokenFetch({ baseUrl: sink.url })
    const refused = await call('events')
    expect([refused.status, await refused.json()]).toMatchObject([
      401,
      { code: 'not_connected', action: 'sign_in' },
    ])
    const throwing = google.createTokenFetch({ baseUrl: sink.url, throwTokenErrors: true })
    await expect(throwing('events')).rejects.toMatchObject({
      name: 'SignInRequiredError',
      code: 'not_connected',
      url: '/connections/google%3Awork/connect',
    })
    await google.save(await server.issue({ expiresIn: LIFETIME }))
    expect((await call('events')).status).toBe(200)
  })

  it('is kept as it is if the server refuses the grant, and its owner is told once', async () => {
    const { process, server, clock, broken, events } = createConnectionWorld()
    const [one, two] = [process().get('ada', 'google'), process().get('ada', 'google')]
    await one.save(await server.issue({ sub: 'account-1', scope: 'openid calendar', expiresIn: LIFETIME }))
    server.grants.end('account-1')
    await clock.advance((LIFETIME + 1) * 1000)
    const since = clock.now()
    const results = await Promise.all([one, two, one, two].map((each) => each.getAccessToken()))
    expect(results).toEqual([undefined, undefined, undefined, undefined])
    expect(broken).toEqual([{ owner: 'ada', name: 'google', reason: 'grant_rejected' }])
    expect(events.filter(({ type }) => type === 'connection_broken')).toHaveLength(1)
    await clock.advance(3_600_000)
    expect(await two.getState()).toMatchObject({
      state: 'needs_reauthorization',
      reason: 'grant_rejected',
      claims: { sub: 'account-1' },
      scope: 'openid calendar',
      since: expect.closeTo(since, 0),
    })
    expect(server.counts.refresh).toBe(1)
  })

  it('works again after a new grant, with its record', async () => {
    const { process, server, clock, recovered } = createConnectionWorld()
    const google = process().get('ada', 'google')
    await google.save(await server.issue({ sub: 'account-1', expiresIn: LIFETIME }))
    server.grants.end('account-1')
    await clock.advance((LIFETIME + 1) * 1000)
    await google.getAccessToken()
    await google.save(await server.issue({ sub: 'account-1', expiresIn: LIFETIME }))
    expect(recovered).toEqual([{ owner: 'ada', name: 'google' }])
    expect(await google.getAccessToken()).toBeDefined()
    await clock.advance((LIFETIME + 1) * 1000)
    expect(await google.getAccessToken()).toBeDefined()
  })
})

describe('a grant', () => {
  it('works again if the late response to a refused refresh token arrives', async () => {
    const { process, server, clock, broken, recovered, store } = createConnectionWorld()
    const ownStore = createFaultyStore(store)
    const [one, two] = [process({ store: ownStore }).get('ada', 'google'), process().get('ada', 'google')]
    await one.save(await server.issue({ sub: 'account-1', expiresIn: LIFETIME }))
    await clock.advance((LIFETIME + 1) * 1000)
    const held = pauseAfterProcessing()
    server.script('refresh', [held, { type: 'error', error: 'invalid_grant' }])
    const first = one.getAccessToken().catch(() => undefined)
    await held.reached
    // The first process cannot show that it is alive, so another one takes over. Its use of the same token is refused.
    ownStore.always('swap', { type: 'fail' })
    const second = two.getAccessToken().catch(() => undefined)
    await advance(clock, 30_000)
    await Promise.all([first, second])
    expect([broken.map(({ reason }) => reason), recovered.length]).toEqual([['refresh_token_lost'], 0])
    expect(await two.getState()).toMatchObject({
      state: 'needs_reauthorization',
      reason: 'refresh_token_lost',
    })
    ownStore.always('swap', undefined)
    held.release()
    await advance(clock, 5000)
    expect([broken.length, recovered.length]).toEqual([1, 1])
    expect(await two.getState()).toMatchObject({ state: 'active' })
    expect(await two.getAccessToken()).toBeDefined()
  })

  it('that the server has refused by mistake can be tried again', async () => {
    const { process, server, clock, broken, recovered, refreshes } = createConnectionWorld()
    const google = process().get('ada', 'google')
    await google.save(await server.issue({ expiresIn: LIFETIME }))
    await clock.advance((LIFETIME + 1) * 1000)
    server.script('refresh', [
      { type: 'error', error: 'invalid_grant' },
      { type: 'error', error: 'invalid_grant' },
    ])
    expect(await google.getAccessToken()).toBeUndefined()
    expect(await google.getAccessToken({ forceRefresh: true })).toBeUndefined()
    expect([broken.length, refreshes()]).toEqual([1, 2])
    expect(await google.getAccessToken({ forceRefresh: true })).toBeDefined()
    expect([broken.length, recovered.length]).toEqual([1, 1])
  })

  it('of another account is refused, and the first one is kept', async () => {
    const { process, server } = createConnectionWorld()
    const google = process().get('ada', 'google')
    await google.save(await server.issue({ sub: 'account-1', expiresIn: LIFETIME }))
    const before = (await google.getAccessToken())?.value
    await expect(google.save(await server.issue({ sub: 'account-2' }))).rejects.toMatchObject({
      name: 'RequestRefusedError',
      code: 'account_mismatch',
    })
    await expect(
      google.save({ access_token: 'other' }, { claims: { sub: 'account-2' } }),
    ).rejects.toMatchObject({
      code: 'account_mismatch',
    })
    expect((await google.getAccessToken())?.value).toBe(before)
  })

  it('without a refresh token keeps the earlier one, and otherwise its end is told once', async () => {
    const { process, server, clock, broken } = createConnectionWorld()
    const connections = process()
    const [google, work] = [connections.get('ada', 'google'), connections.get('ada', 'google:work')]
    await google.save(await server.issue({ expiresIn: LIFETIME }))
    const { refresh_token: _, ...response } = await server.issue({ expiresIn: LIFETIME })
    await google.save(response)
    await work.save(response)
    expect((await google.getAccessToken())?.value).toBe(response.access_token)
    await clock.advance((LIFETIME + 1) * 1000)
    expect(await google.getAccessToken()).toBeDefined()
    expect([await work.getAccessToken(), await work.getAccessToken()]).toEqual([undefined, undefined])
    expect(broken).toEqual([{ owner: 'ada', name: 'google:work', reason: 'no_refresh_token' }])
  })

  it('can be one of another library, with the time of its expiry, or only a refresh token', async () => {
    const { process, server, clock, refreshes } = createConnectionWorld()
    const google = process().get('ada', 'google')
    const { expires_in: _, ...account } = await server.issue({ expiresIn: LIFETIME })
    await google.save({ ...account, expires_at: Math.floor(clock.now()) + LIFETIME, provider: 'google' })
    expect([(await google.getAccessToken())?.value, refreshes()]).toEqual([account.access_token, 0])
    await clock.advance((LIFETIME + 1) * 1000)
    await google.getAccessToken()
    expect(refreshes()).toBe(1)
    const { refresh_token: refreshToken } = await server.issue()
    const imported = process().get('bob', 'google')
    await imported.save({ refresh_token: refreshToken })
    expect(await imported.getAccessToken()).toBeDefined()
    await expect(imported.save({ error: 'invalid_grant' })).rejects.toMatchObject({
      code: 'token_response_malformed',
    })
    expect(await imported.getState()).toMatchObject({ state: 'active' })
  })

  it('reports the scope that is missing, before a request', async () => {
    const { process, server, refreshes } = createConnectionWorld()
    const google = process().get('ada', 'google')
    await google.save(await server.issue({ scope: 'openid calendar', expiresIn: LIFETIME }))
    expect(await google.missingScope('calendar files')).toBe('files')
    expect(await google.missingScope('calendar')).toBe('')
    expect(await google.getAccessToken({ scope: 'files' })).toBeUndefined()
    const call = google.createTokenFetch({
      baseUrl: 'https://api.example.com/',
      scope: 'calendar files',
      throwTokenErrors: true,
    })
    await expect(call('events')).rejects.toMatchObject({
      code: 'scope_missing',
      missingScope: 'files',
      url: '/connections/google/connect?scope=files',
    })
    expect(refreshes()).toBe(0)
  })

  it('is never sent to another client than its own', async () => {
    const { process, server, clock, broken, refreshes } = createConnectionWorld()
    await process()
      .get('ada', 'google')
      .save(await server.issue({ expiresIn: LIFETIME }))
    const other = process({ provider: { clientId: 'another' } }).get('ada', 'google')
    await clock.advance((LIFETIME + 1) * 1000)
    expect(await other.getState()).toMatchObject({ state: 'needs_reauthorization', reason: 'client_changed' })
    expect(await other.getAccessToken()).toBeUndefined()
    expect([broken, refreshes()]).toMatchObject([[{ reason: 'client_changed' }], 0])
  })
})

describe('the removal of a connection', () => {
  it('revokes the grant and forgets it, also if a refresh is in progress', async () => {
    const { process, server, clock, events } = createConnectionWorld()
    const google = process().get('ada', 'google')
    await google.save(await server.issue({ sub: 'account-1', expiresIn: LIFETIME }))
    await clock.advance((LIFETIME + 1) * 1000)
    server.always('refresh', { type: 'delay', ms: 1000, when: 'after' })
    const refreshing = google.getAccessToken()
    await advance(clock, 200)
    expect(await google.disconnect()).toBe('revoked')
    await advance(clock, 3000)
    expect(await refreshing).toBeUndefined()
    expect(server.grants.alive('account-1')).toBe(false)
    expect(await google.getState()).toEqual({ state: 'not_connected' })
    expect(await google.disconnect()).toBe('nothing_to_revoke')
    expect(events.filter(({ type }) => type === 'connection_removed')).toHaveLength(1)
    await google.save(await server.issue({ sub: 'account-2', expiresIn: LIFETIME }))
    expect(await google.getAccessToken()).toBeDefined()
  })

  it('reports a failed revocation, which another call repeats', async () => {
    const { process, server } = createConnectionWorld()
    const connections = process()
    const google = connections.get('ada', 'google')
    await google.save(await server.issue({ sub: 'account-1', expiresIn: LIFETIME }))
    server.script('revoke', [
      { type: 'status', status: 503 },
      { type: 'status', status: 503 },
    ])
    expect(await google.disconnect()).toBe('failed')
    expect(await google.getState()).toEqual({ state: 'not_connected' })
    expect(await connections.disconnectAll('ada')).toEqual([{ name: 'google', outcome: 'failed' }])
    expect(await connections.disconnectAll('ada')).toEqual([{ name: 'google', outcome: 'revoked' }])
    expect(server.grants.alive('account-1')).toBe(false)
    expect(await connections.disconnectAll('ada')).toEqual([])
  })
})

describe('the connections of an owner', () => {
  it('are listed without those of others, and removed together', async () => {
    const { process, server } = createConnectionWorld()
    const connections = process()
    for (const [owner, name] of [
      ['ada', 'google:b'],
      ['ada', 'google:a'],
      ['bob', 'google'],
    ] as const)
      await connections
        .get(owner, name)
        .save(await server.issue({ sub: `of ${owner} ${name}`, expiresIn: LIFETIME }))
    const listed = await connections.list('ada')
    expect(listed.map(({ name, state, claims }) => [name, state, claims.sub])).toEqual([
      ['google:a', 'active', 'of ada google:a'],
      ['google:b', 'active', 'of ada google:b'],
    ])
    expect(JSON.stringify(listed)).not.toMatch(/token/)
    const outcomes = await connections.disconnectAll('ada')
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['revoked', 'revoked'])
    expect(await connections.list('ada')).toEqual([])
    expect(await connections.list('bob')).toHaveLength(1)
  })

  it('can be a thousand', async () => {
    const connections = createConnectionWorld().process()
    const saves = Array.from({ length: 1000 }, (_, i) =>
      connections.get('ada', `google:${i}`).save({ access_token: `token-${i}`, expires_in: 300 }),
    )
    await Promise.all(saves)
    expect(await connections.list('ada')).toHaveLength(1000)
    await connections.disconnectAll('ada')
    expect(await connections.list('ada')).toEqual([])
  })

  it('cannot be listed without an index', async () => {
    const { process, store, server } = createConnectionWorld()
    const { index: _, ...plain } = store
    const connections = process({ store: plain })
    await connections.get('ada', 'google').save(await server.issue({ expiresIn: LIFETIME }))
    expect(await connections.get('ada', 'google').getAccessToken()).toBeDefined()
    await expect(connections.list('ada')).rejects.toMatchObject({ code: 'invalid_option' })
  })
})

describe('a record in the store', () => {
  it('cannot be used for another owner or name, and has no plain text', async () => {
    const { process, server, store } = createConnectionWorld()
    const connections = process()
    await connections.get('ada', 'google').save(await server.issue({ sub: 'account-1', expiresIn: LIFETIME }))
    const keys: string[] = []
    const watching = { ...store, read: (key: string) => (keys.push(key), store.read(key)) }
    await process({ store: watching }).get('ada', 'google').getState()
    await process({ store: watching }).get('bob', 'google').getState()
    const [ada = '', bob = ''] = keys
    const record = (await store.read(ada)) ?? ''
    await store.swap(bob, undefined, record, 9e9)
    await expect(connections.get('bob', 'google').getAccessToken()).rejects.toMatchObject({
      code: 'store_record_unreadable',
    })
    expect(record + ada + bob).not.toMatch(/ada|bob|google|account/)
  })

  it('is encrypted by the first secret when it is read, once, also if its token never expires', async () => {
    const { process, store } = createConnectionWorld()
    const [oldSecret, newSecret] = [SECRET, 'another secret of thirty-two letters']
    const stateWith = (encryptionSecret: string) =>
      process({ encryptionSecret }).get('ada', 'google').getState()
    await process().get('ada', 'google').save({ access_token: 'forever', token_type: 'bearer' })
    await expect(stateWith(newSecret)).rejects.toMatchObject({ code: 'store_record_unreadable' })
    let swaps = 0
    const counting = {
      ...store,
      swap: (...change: Parameters<SessionStore['swap']>) => (swaps++, store.swap(...change)),
    }
    for (let i = 0; i < 2; i++)
      expect(
        await process({ encryptionSecret: [newSecret, oldSecret], store: counting })
          .get('ada', 'google')
          .getAccessToken(),
      ).toMatchObject({ value: 'forever' })
    expect(swaps).toBe(1)
    expect(await stateWith(newSecret)).toMatchObject({ state: 'active' })
  })

  it('is encrypted again once by each process, while processes have the secrets in another order', async () => {
    const { process, store } = createConnectionWorld()
    const newSecret = 'another secret of thirty-two letters'
    let swaps = 0
    const counting: SessionStore = { ...store, swap: (...change) => (swaps++, store.swap(...change)) }
    const accounts = [
      [SECRET, newSecret],
      [newSecret, SECRET],
    ].map((encryptionSecret) => process({ encryptionSecret, store: counting }).get('ada', 'google'))
    await accounts[0]?.save({ access_token: 'forever', token_type: 'bearer' })
    swaps = 0
    for (let i = 0; i < 5; i++)
      for (const account of accounts)
        expect(await account.getAccessToken()).toMatchObject({ value: 'forever' })
    expect(swaps).toBe(2)
  })
})

describe('the options of connections', () => {
  const { server, clock, store, process } = createConnectionWorld()
  const providers = { google: { issuer: server.issuer, clientId: 'web' } }
  const shared = { ...store, outlivesProcess: true }
  const sessions = {
    issuer: server.issuer,
    clientId: 'web',
    encryptionSecret: SECRET,
    clock,
    session: 'server',
  } as const

  it('name what is wrong, before any request', () => {
    const connections = process()
    const invalid = expect.objectContaining({ name: 'ConfigurationError', code: 'invalid_option' })
    for (const [owner, name] of [
      ['', 'google'],
      [undefined, 'google'],
      ['ada', 'gogle'],
      ['ada', 'google:'],
      ['ada', ''],
    ])
      expect(() => connections.get(owner as string, name as 'google')).toThrow(invalid)
    expect(() => connections.get('ada', 'gogle' as 'google')).toThrow(/Did you mean `google`/)
    expect(() => connections.get('ada', 'google').connectUrl({ returnTo: '//other.example' })).toThrow(
      invalid,
    )
    expect(() => createConnections({ encryptionSecret: SECRET, store, providers: {} })).toThrow(invalid)
    expect(() =>
      createConnections({ encryptionSecret: SECRET, store, providers: { 'a b': providers.google } }),
    ).toThrow(invalid)
    expect(() => createConnections({ auth: {} as Evertoken, providers })).toThrow(
      /must be the result of `evertoken/,
    )
  })

  it('refuse sessions in the memory of the process, where a restart would lose the grants', () => {
    expect(() => createConnections({ auth: evertoken(sessions), providers })).toThrow(
      /memory of this process/,
    )
  })

  it('take the secret and the store of `auth`, so that a program without sessions finds the same connections', async () => {
    const auth = evertoken({ ...sessions, store: shared, fetch: server.fetch })
    const ofWeb = createConnections({ auth, providers })
    await ofWeb.get('user-1', 'google').save(await server.issue({ expiresIn: LIFETIME }))
    const ofJob = createConnections({ encryptionSecret: SECRET, store: shared, clock, providers })
    expect(await ofJob.get('user-1', 'google').getState()).toMatchObject({ state: 'active' })
    const current = ofWeb.current('google')
    const states: unknown[] = []
    await auth.handle(new Request('https://app.example.com/'), async () => {
      states.push((await current.getState()).state, await current.missingScope('a'))
      await auth.startSession(await server.issue({ expiresIn: LIFETIME }), { claims: { sub: 'user-1' } })
      states.push((await current.getState()).state, (await ofWeb.current('google:work').getState()).state)
      return new Response()
    })
    expect(states).toEqual(['not_connected', 'a', 'active', 'not_connected'])
    expect(() => ofJob.current('google')).toThrow('Option `auth` is missing')
  })

  it('of the current user need a request, and change nothing without a user', async () => {
    const auth = evertoken({ ...sessions, store: shared, fetch: server.fetch })
    const connections = createConnections({ auth, providers })
    expect(() => connections.current('gogle' as 'google')).toThrow('Did you mean `google`')
    const current = connections.current('google')
    expect(current.connectUrl()).toBe('/connections/google/connect')
    await expect(current.getState()).rejects.toMatchObject({ code: 'no_current_session' })
    const get = current.createTokenFetch({ baseUrl: 'https://api.example.com/' })
    const tokenResponse = await server.issue({ expiresIn: LIFETIME })
    await auth.handle(new Request('https://app.example.com/'), async () => {
      expect(await current.getAccessToken()).toBeUndefined()
      expect((await get('events')).status).toBe(401)
      await expect(current.save(tokenResponse)).rejects.toMatchObject({ code: 'no_session' })
      await expect(current.disconnect()).rejects.toMatchObject({ code: 'no_session' })
      return new Response()
    })
  })

  it('can have a function as provider, whose equal results share a client, and that is called again for a refused one', async () => {
    const calls: unknown[] = []
    const { id, secret } = server.clients[0] ?? { id: '' }
    const connections = createConnections({
      encryptionSecret: SECRET,
      store,
      clock,
      fetch: server.fetch,
      providers: {
        mcp: (context) => {
          calls.push(context)
          const clientSecret = calls.length === 1 ? 'wrong' : secret
          return { issuer: server.issuer, clientId: id, clientSecret: clientSecret ?? '' }
        },
      },
    })
    const tool = connections.get('ada', 'mcp:https://tool.example.com')
    await tool.save({ ...(await server.issue()), expires_in: 1 })
    await clock.advance(2000)
    await expect(tool.getAccessToken()).rejects.toMatchObject({ code: 'client_rejected' })
    await clock.advance(600_000)
    expect(await tool.getAccessToken()).toBeDefined()
    const context = { owner: 'ada', label: 'https://tool.example.com' }
    expect(calls.slice(0, 2)).toEqual([context, context])
  })
})
