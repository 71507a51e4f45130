import { describe, expect, it } from 'vitest'
import { createAuthorizationServer, type ManualClock } from '@evertoken/testkit'
import { createConnectionWorld, LIFETIME } from './connection-owners.ts'

type Fetch = typeof globalThis.fetch

/** Advances the clock until the work is done. */
async function settle<T>(clock: ManualClock, work: Promise<T>): Promise<T> {
  let isDone = false
  const done = work.finally(() => {
    isDone = true
  })
  done.catch(() => undefined)
  while (!isDone) {
    await clock.advance(100)
    await new Promise((resolve) => setTimeout(resolve))
  }
  return done
}

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
