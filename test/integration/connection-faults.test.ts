import { describe, expect, it } from 'vitest'
import { dpop } from '@evertoken/core/dpop'
import { tenants } from '@evertoken/core/tenants'
import { evertoken } from '@evertoken/node'
import { type ConnectionProvider, createConnections } from '@evertoken/node/connections'
import { createAuthorizationServer } from '@evertoken/testkit'
import { createConnectionWorld, LIFETIME, SECRET, settle } from './connection-owners.ts'

type Fetch = typeof globalThis.fetch

/** A connection whose access token has expired, and whose token endpoint gives `answer` while it is set. */
async function createExpired() {
  const world = createConnectionWorld()
  const state: { answer?: () => Response } = {}
  const fetch: Fetch = async (input, init) => {
    const { pathname } = new URL(input instanceof Request ? input.url : input)
    return pathname.includes('token') && state.answer ? state.answer() : world.server.fetch(input, init)
  }
  const google = world.process({ provider: { fetch } }).get('ada', 'google')
  await google.save(await world.server.issue({ sub: 'account-1', expiresIn: LIFETIME }))
  await world.clock.advance((LIFETIME + 1) * 1000)
  return { ...world, google, state }
}

describe('a temporary refusal', () => {
  it('of a gateway pauses the connection, which recovers after the outage', async () => {
    const { google, state, clock, broken, recovered } = await createExpired()
    state.answer = () => new Response('<html>blocked</html>', { status: 403 })
    for (let i = 0; i < 12; i++) {
      await settle(
        clock,
        google.getAccessToken().catch(() => undefined),
      )
      await clock.advance(20_000)
    }
    expect(broken).toEqual([{ owner: 'ada', name: 'google', reason: 'grant_rejected' }])
    expect(await google.getState()).toMatchObject({
      state: 'needs_reauthorization',
      reason: 'grant_rejected',
    })
    delete state.answer
    await clock.advance(120_000)
    expect(await settle(clock, google.getAccessToken())).toBeDefined()
    expect(await google.getState()).toMatchObject({ state: 'active' })
    expect([broken.length, recovered.length]).toEqual([1, 1])
  })

  it('that requires a sign-in is tried again after the pause, and the refusal of the token is then final', async () => {
    const { google, state, clock, server, broken, recovered, refreshes } = await createExpired()
    state.answer = () => Response.json({ error: 'interaction_required' }, { status: 400 })
    expect(await settle(clock, google.getAccessToken())).toBeUndefined()
    expect(broken).toMatchObject([{ reason: 'login_required' }])
    const { state: name, ...facts } = await google.getState()
    expect([name, Object.keys(facts).includes('isTemporary')]).toEqual(['needs_reauthorization', false])
    delete state.answer
    expect(await google.getAccessToken()).toBeUndefined()
    expect(refreshes()).toBe(0)
    await clock.advance(120_000)
    expect(await settle(clock, google.getAccessToken())).toBeDefined()
    expect(recovered).toHaveLength(1)

    await clock.advance((LIFETIME + 1) * 1000)
    state.answer = () => Response.json({ error: 'interaction_required' }, { status: 400 })
    expect(await settle(clock, google.getAccessToken())).toBeUndefined()
    delete state.answer
    server.grants.end('account-1')
    await clock.advance(120_000)
    expect(await settle(clock, google.getAccessToken())).toBeUndefined()
    expect(await google.getState()).toMatchObject({ reason: 'grant_rejected' })
    const count = refreshes()
    await clock.advance(3_600_000)
    expect(await google.getAccessToken()).toBeUndefined()
    expect([refreshes(), broken.length, recovered.length]).toEqual([count, 2, 1])
  })

  it('keeps the refresh token if the new grant has none', async () => {
    const { google, state, clock, server } = await createExpired()
    state.answer = () => Response.json({ error: 'interaction_required' }, { status: 400 })
    await settle(clock, google.getAccessToken())
    delete state.answer
    const { refresh_token: _, ...response } = await server.issue({ sub: 'account-1', expiresIn: LIFETIME })
    await google.save(response)
    await clock.advance((LIFETIME + 1) * 1000)
    expect(await settle(clock, google.getAccessToken())).toBeDefined()
  })
})

describe('a provider whose options have changed', () => {
  it('breaks the connection only until they are corrected', async () => {
    const { process, server, clock, broken, recovered } = createConnectionWorld()
    const good = process().get('ada', 'google')
    const response = await server.issue({ sub: 'account-1', expiresIn: LIFETIME })
    await good.save(response)
    const bad = process({ provider: { clientId: 'typo' } }).get('ada', 'google')
    expect([await bad.getAccessToken(), await bad.getAccessToken()]).toEqual([undefined, undefined])
    expect(broken).toMatchObject([{ reason: 'client_changed' }])
    expect(await bad.getState()).toMatchObject({ reason: 'client_changed' })
    expect(await good.getState()).toMatchObject({ state: 'active' })
    expect((await good.getAccessToken())?.value).toBe(response.access_token)
    await clock.advance((LIFETIME + 1) * 1000)
    expect(await settle(clock, good.getAccessToken())).toBeDefined()
    expect(recovered).toHaveLength(1)
  })

  it('tells the owner about a refusal after the correction', async () => {
    const { process, server, clock, broken } = createConnectionWorld()
    const good = process().get('ada', 'google')
    await good.save(await server.issue({ sub: 'account-1', expiresIn: LIFETIME }))
    await process({ provider: { clientId: 'typo' } })
      .get('ada', 'google')
      .getAccessToken()
    server.grants.end('account-1')
    await clock.advance((LIFETIME + 1) * 1000)
    expect(await settle(clock, good.getAccessToken())).toBeUndefined()
    expect(broken.map(({ reason }) => reason)).toEqual(['client_changed', 'grant_rejected'])
  })

  it('does not take the account of another authorization server over', async () => {
    const { process, server, clock } = createConnectionWorld()
    await process()
      .get('ada', 'google')
      .save(await server.issue({ sub: 'a-1', expiresIn: LIFETIME }))
    const other = createAuthorizationServer({ clock, issuer: 'https://b.login.example' })
    const [{ id: clientId, secret: clientSecret } = { id: '' }] = other.clients
    const provider = { issuer: other.issuer, clientId, clientSecret: clientSecret ?? '', fetch: other.fetch }
    const moved = process({ provider }).get('ada', 'google')
    const { id_token: _, ...response } = await other.issue({ sub: 'b-9', expiresIn: LIFETIME })
    await moved.save(response)
    expect(await moved.getState()).toMatchObject({ state: 'active', claims: {} })
    await moved.save(await other.issue({ sub: 'b-9', expiresIn: LIFETIME }))
    expect(await moved.getState()).toMatchObject({ claims: { sub: 'b-9' } })
  })
})

describe('a grant without a refresh token', () => {
  it('is broken when an API rejects its token', async () => {
    const { process, clock, broken } = createConnectionWorld()
    const google = process().get('ada', 'google')
    await google.save({ access_token: 'forever', token_type: 'bearer' })
    await clock.advance(60_000)
    const headers = { 'www-authenticate': 'Bearer error="invalid_token"' }
    const api: Fetch = async () => new Response(null, { status: 401, headers })
    const call = google.createTokenFetch({ baseUrl: 'https://api.example.com/', fetch: api })
    for (let i = 0; i < 2; i++) expect((await call('events')).status).toBe(401)
    expect(broken).toEqual([{ owner: 'ada', name: 'google', reason: 'no_refresh_token' }])
    expect(await google.getState()).toMatchObject({ state: 'needs_reauthorization' })
  })
})

describe('a function as provider', () => {
  const createResolved = (options: (calls: number, secret: string) => Partial<ConnectionProvider>) => {
    const world = createConnectionWorld()
    const { server, store, clock } = world
    const { id: clientId, secret = '' } = server.clients[0] ?? { id: '' }
    const state = { calls: 0 }
    const connections = createConnections({
      encryptionSecret: SECRET,
      store,
      clock,
      fetch: server.fetch,
      providers: {
        mcp: () => {
          const own = options(++state.calls, secret)
          return { issuer: server.issuer, clientId, ...own } as ConnectionProvider
        },
      },
    })
    return { ...world, connections, state }
  }

  it('is called once for all calls at the same time, and not for each call while the client is refused', async () => {
    const { connections, state, server, clock } = createResolved(() => ({ clientSecret: 'wrong' }))
    const mcp = connections.get('ada', 'mcp')
    await Promise.all(Array.from({ length: 20 }, () => mcp.getAccessToken()))
    expect(state.calls).toBe(1)
    await mcp.save(await server.issue({ expiresIn: 10 }))
    await clock.advance(11_000)
    for (let i = 0; i < 20; i++)
      await settle(
        clock,
        mcp.getAccessToken().catch(() => undefined),
      )
    expect(state.calls).toBe(1)
    await clock.advance(60_000)
    for (let i = 0; i < 2; i++)
      await settle(
        clock,
        mcp.getAccessToken().catch(() => undefined),
      )
    expect(state.calls).toBe(2)
  })

  it('can return a new function for the secret each time, and shares its client', async () => {
    const used: number[] = []
    const { connections, server, clock, state } = createResolved((calls, secret) => ({
      clientSecret: () => (used.push(calls), secret),
    }))
    for (let i = 0; i < 5; i++) {
      const mcp = connections.get(`owner-${i}`, 'mcp')
      await mcp.save(await server.issue({ expiresIn: LIFETIME }))
    }
    await clock.advance((LIFETIME - 10) * 1000)
    expect(
      await settle(clock, connections.get('owner-0', 'mcp').getAccessToken({ forceRefresh: true })),
    ).toBeDefined()
    expect([state.calls, used]).toEqual([5, [5]])
    expect(server.log.filter(({ kind }) => kind === 'discovery')).toHaveLength(1)
  })
})

describe('a token that is bound to a key', () => {
  it('does not join the unbound grant before it, and is sent with a proof', async () => {
    const { process, server } = createConnectionWorld()
    await process()
      .get('ada', 'google')
      .save(await server.issue({ expiresIn: LIFETIME }))
    const google = process({ provider: { senderConstraint: dpop() } }).get('ada', 'google')
    const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
    const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
    const proofKey = await crypto.subtle.exportKey('jwk', keys.privateKey)
    const bound = { access_token: 'bound', token_type: 'DPoP', expires_in: LIFETIME }
    await google.save(bound, { proofKey })
    const sent: (string | null)[] = []
    const api: Fetch = async (input, init) => {
      const { headers } = new Request(input, init)
      sent.push(headers.get('authorization'), headers.get('dpop') && 'a proof')
      return new Response()
    }
    await google.createTokenFetch({ baseUrl: 'https://api.example.com/', fetch: api })('events')
    expect(sent).toEqual(['DPoP bound', 'a proof'])
  })
})

describe('invalid input', () => {
  const invalid = expect.objectContaining({ name: 'ConfigurationError', code: 'invalid_option' })

  it('is refused: IDs that no URL can have, and paths that leave the application', () => {
    const connections = createConnectionWorld().process()
    for (const text of ['\ud800', 'x'.repeat(2000)]) {
      expect(() => connections.get(text, 'google')).toThrow(invalid)
      expect(() => connections.get('ada', `google:${text}`)).toThrow(invalid)
    }
    const google = connections.get('ada', 'google:\u{1f600}')
    for (const returnTo of ['/\t/evil.example', '/\\evil.example', '/.//evil.example', 'settings', ''])
      expect(() => google.connectUrl({ returnTo })).toThrow(invalid)
    for (const returnTo of ['/', '/settings?tab=1#top', '/é'])
      expect(google.connectUrl({ returnTo })).toContain('returnTo=')
  })

  it('is an `auth` with several registrations, whose users can have the same `sub`, without `owner`', () => {
    const { server, store, clock } = createConnectionWorld()
    const registrations = tenants({ nameOf: () => 'a', load: async () => undefined })
    const shared = { ...store, outlivesProcess: true }
    const auth = evertoken({ registrations, encryptionSecret: SECRET, store: shared, clock })
    const providers = { google: { issuer: server.issuer, clientId: 'web' } }
    expect(() => createConnections({ auth, providers })).toThrow(invalid)
    expect(() => createConnections({ auth, providers })).toThrow(/`owner` is missing.*`registrations`/)
  })
})
