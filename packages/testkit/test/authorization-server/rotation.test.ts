import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type TokenResponse, createAuthorizationServer, createManualClock } from '../../src/index.ts'
import { refresh, refreshed } from './requests.ts'

async function spentOnce() {
  const clock = createManualClock()
  const server = createAuthorizationServer({ clock, reuse: { graceSeconds: 30 } })
  const first = await server.issue({ sub: 'ada' })
  const second = await refreshed(server, first.refresh_token)
  return { clock, server, first, second }
}

describe('strict', () => {
  it('rotates, and a replay ends the whole grant', async () => {
    const server = createAuthorizationServer()
    const first = await server.issue({ sub: 'ada' })
    const second = await refreshed(server, first.refresh_token)
    expect(server.grants.currentRefreshToken('ada')).toBe(second['refresh_token'])
    expect(server.introspect(first.access_token).active).toBe(true)

    const replay = await refresh(server, first.refresh_token)
    expect(replay.status).toBe(400)
    expect(await replay.json()).toMatchObject({ error: 'invalid_grant' })
    expect(server.grants.alive('ada')).toBe(false)
    expect(server.grants.currentRefreshToken('ada')).toBeUndefined()
    expect(server.introspect(second['access_token'] ?? '').active).toBe(false)
    expect(await refreshed(server, second['refresh_token'])).toMatchObject({ error: 'invalid_grant' })
    expect(server.maxUses()).toBe(2)
  })

  it('lets one of many parallel requests win, and then ends the grant', async () => {
    const server = createAuthorizationServer()
    const { refresh_token } = await server.issue({ sub: 'ada' })
    const responses = await Promise.all(Array.from({ length: 10 }, () => refresh(server, refresh_token)))
    expect(responses.filter(({ ok }) => ok)).toHaveLength(1)
    expect(server.grants.alive('ada')).toBe(false)
    expect(server.uses.get(refresh_token ?? '')).toBe(10)
  })

  it("leaves other users' grants alone", async () => {
    const server = createAuthorizationServer()
    const ada = await server.issue({ sub: 'ada' })
    const bob = await server.issue({ sub: 'bob' })
    await refresh(server, ada.refresh_token)
    await refresh(server, ada.refresh_token)
    expect(server.grants.alive('ada')).toBe(false)
    expect((await refresh(server, bob.refresh_token)).ok).toBe(true)
  })

  it('does not take the token of one client from another', async () => {
    const clients = [{ id: 'web', secret: 'web-secret-for-tests-only' }, { id: 'other' }]
    const server = createAuthorizationServer({ clients })
    const { refresh_token } = await server.issue({ sub: 'ada', clientId: 'other' })
    expect(await refreshed(server, refresh_token)).toMatchObject({ error: 'invalid_grant' })
    expect(server.grants.alive('ada')).toBe(true)
  })
})

describe('grace', () => {
  it('responds to a replay in time with an equally valid sibling', async () => {
    const { clock, server, first, second } = await spentOnce()
    await clock.advance(30_000)
    const sibling = await refreshed(server, first.refresh_token)
    expect(sibling['refresh_token']).not.toBe(second['refresh_token'])
    expect((await refresh(server, second['refresh_token'])).ok).toBe(true)
    expect((await refresh(server, sibling['refresh_token'])).ok).toBe(true)
  })

  it('starts at the first use', async () => {
    const { clock, server, first } = await spentOnce()
    await clock.advance(20_000)
    expect((await refresh(server, first.refresh_token)).ok).toBe(true)
    await clock.advance(20_000)
    expect((await refresh(server, first.refresh_token)).ok).toBe(false)
  })

  it('ends the grant after that', async () => {
    const { clock, server, first, second } = await spentOnce()
    await clock.advance(30_001)
    expect(await refreshed(server, first.refresh_token)).toMatchObject({ error: 'invalid_grant' })
    expect(await refreshed(server, second['refresh_token'])).toMatchObject({ error: 'invalid_grant' })
  })
})

describe('grace for only the previous token', () => {
  it('ends when a successor is used, however soon that is', async () => {
    const server = createAuthorizationServer({ reuse: { graceSeconds: 30, limit: 'previous token' } })
    const first = await server.issue({ sub: 'ada' })
    const second = await refreshed(server, first.refresh_token)
    const sibling = await refreshed(server, first.refresh_token)
    const third = await refreshed(server, second['refresh_token'])
    expect((await refresh(server, second['refresh_token'])).ok).toBe(true)
    expect((await refresh(server, sibling['refresh_token'])).ok).toBe(true)
    expect(server.grants.alive('ada')).toBe(true)

    expect(await refreshed(server, first.refresh_token)).toMatchObject({ error: 'invalid_grant' })
    expect(server.grants.endReason('ada')).toBe('refresh token reuse')
    expect((await refresh(server, third['refresh_token'])).ok).toBe(false)
  })
})

describe('grace with only the newest pair', () => {
  it('voids the pair that was given before, and leaves the grant alive', async () => {
    const server = createAuthorizationServer({ reuse: { graceSeconds: 30, limit: 'newest pair' } })
    const first = await server.issue({ sub: 'ada' })
    const second = await refreshed(server, first.refresh_token)
    expect(server.introspect(first.access_token).active).toBe(false)
    const sibling = await refreshed(server, first.refresh_token)

    expect(server.introspect(second['access_token'] ?? '').active).toBe(false)
    expect(await refreshed(server, second['refresh_token'])).toMatchObject({ error: 'invalid_grant' })
    expect(server.introspect(sibling['access_token'] ?? '').active).toBe(true)
    expect(server.grants.currentRefreshToken('ada')).toBe(sibling['refresh_token'])
    expect((await refresh(server, sibling['refresh_token'])).ok).toBe(true)
  })

  it('accepts only the newest refresh token and its predecessor', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(9), { maxLength: 8 }), async (choices) => {
        const reuse = { graceSeconds: Infinity, limit: 'newest pair' } as const
        const server = createAuthorizationServer({ reuse })
        const issued = [await server.issue({ sub: 'ada', scope: 'read' })]
        let valid = [issued[0]?.refresh_token]
        for (const choice of choices) {
          const presented = issued[choice % issued.length]?.refresh_token
          const response = await refresh(server, presented)
          expect(response.ok).toBe(valid.includes(presented))
          if (!response.ok) continue
          const pair = (await response.json()) as TokenResponse
          issued.push(pair)
          valid = [presented, pair.refresh_token]
          expect(server.grants.currentRefreshToken('ada')).toBe(pair.refresh_token)
          const active = issued.filter(({ access_token }) => server.introspect(access_token).active)
          expect(active).toEqual([pair])
        }
        expect(server.grants.alive('ada')).toBe(true)
      }),
      { numRuns: 50 },
    )
  })
})

it.each(['strict', 'no-rotation'] as const)(
  '%s: a refresh ends the access tokens before it where it is to',
  async (reuse) => {
    const server = createAuthorizationServer({ reuse, refreshEndsAccessTokens: true })
    const ada = await server.issue({ sub: 'ada' })
    const bob = await server.issue({ sub: 'bob' })
    const second = await refreshed(server, ada.refresh_token)
    expect(server.introspect(ada.access_token).active).toBe(false)
    expect(server.introspect(second['access_token'] ?? '').active).toBe(true)
    expect(server.introspect(bob.access_token).active).toBe(true)
  },
)

it('tolerant: the old token stays valid with the new ones', async () => {
  const server = createAuthorizationServer({ reuse: 'tolerant' })
  const first = await server.issue({ sub: 'ada' })
  const second = await refreshed(server, first.refresh_token)
  expect(second['refresh_token']).not.toBe(first.refresh_token)
  for (const token of [first.refresh_token, second['refresh_token'], first.refresh_token]) {
    expect((await refresh(server, token)).ok).toBe(true)
  }
})

it('no-rotation: responses contain no refresh token, and the first one stays valid', async () => {
  const server = createAuthorizationServer({ reuse: 'no-rotation' })
  const first = await server.issue({ sub: 'ada' })
  const second = await refreshed(server, first.refresh_token)
  expect(second).not.toHaveProperty('refresh_token')
  expect((await refresh(server, first.refresh_token)).ok).toBe(true)
  expect(server.grants.currentRefreshToken('ada')).toBe(first.refresh_token)
})

it('S2: a refresh may narrow the scope, never widen it, and a refusal spends nothing', async () => {
  const server = createAuthorizationServer()
  const { refresh_token } = await server.issue({ scope: 'openid read write' })
  expect(await refreshed(server, refresh_token, { scope: 'read admin' })).toMatchObject({
    error: 'invalid_scope',
  })
  const narrowed = await refreshed(server, refresh_token, { scope: 'read' })
  expect(narrowed['scope']).toBe('read')
  expect(server.introspect(narrowed['access_token'] ?? '').scope).toBe('read')
  expect((await refreshed(server, narrowed['refresh_token']))['scope']).toBe('openid read write')
})

it('S14: the access token is bound to the resource and extra parameters of its request', async () => {
  const server = createAuthorizationServer()
  const { refresh_token } = await server.issue({ resource: 'https://api.example.com/a' })
  const form = { resource: 'https://api.example.com/b', audience: 'reports' }
  const bound = await refreshed(server, refresh_token, form)
  expect(server.introspect(bound['access_token'] ?? '')).toMatchObject({
    aud: ['https://api.example.com/b'],
    extra: { audience: 'reports' },
  })
  const plain = await refreshed(server, bound['refresh_token'])
  expect(server.introspect(plain['access_token'] ?? '').aud).toEqual(['https://api.example.com/a'])
  for (const resource of ['https://api.example.com/#x', 'orders']) {
    expect(await refreshed(server, plain['refresh_token'], { resource })).toMatchObject({
      error: 'invalid_target',
    })
  }
  expect((await refresh(server, plain['refresh_token'])).ok).toBe(true)
})

it('access tokens end when they expire', async () => {
  const clock = createManualClock()
  const server = createAuthorizationServer({ clock })
  const { access_token, expires_in } = await server.issue({ expiresIn: 10 })
  expect(expires_in).toBe(10)
  expect(server.introspect(access_token)).toMatchObject({ active: true, exp: clock.now() + 10 })
  await clock.advance(10_000)
  expect(server.introspect(access_token)).toEqual({ active: false })
})

it('forgets counts but not grants', async () => {
  const server = createAuthorizationServer({ refreshTokenPrefix: 'canary-' })
  const { refresh_token } = await server.issue()
  expect(refresh_token).toMatch(/^canary-[\w-]{32}$/)
  const second = await refreshed(server, refresh_token)
  expect(server.counts).toMatchObject({ refresh: 1, token: 0 })
  expect(server.log).toMatchObject([{ kind: 'refresh', ok: true, status: 200, processed: true }])
  server.resetCounts()
  expect([server.counts.refresh, server.maxUses(), server.log.length]).toEqual([0, 0, 0])
  expect((await refresh(server, second['refresh_token'])).ok).toBe(true)
})
