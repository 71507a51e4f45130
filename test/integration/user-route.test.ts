import { createMemoryStore } from '@evertoken/core'
import { describe, expect, it } from 'vitest'
import { createApplication, createTestStore, kinds, origin } from './application.ts'
import { idle, NAVIGATION, ofType, signIn, userOf } from './steps.ts'

const HOUR_MS = 3_600_000

describe.each(kinds)('the user route, %s session', (session) => {
  it('returns the user, the expiry, and where to sign out, but no token', async () => {
    const { server, clock, browser } = createApplication(
      { session },
      { refreshTokenPrefix: 'canary-rt-', accessTokenPrefix: 'canary-at-' },
    )
    const tab = browser()
    // Within a second, because clocks are not at its start.
    await clock.advance(700)
    await signIn(tab, server)
    const response = await tab.get('/auth/user')
    const text = await response.clone().text()

    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(response.headers.get('cross-origin-resource-policy')).toBe('same-origin')
    expect(response.headers.has('access-control-allow-origin')).toBe(false)
    expect(await response.json()).toEqual({
      claims: expect.objectContaining({ sub: 'user-1' }),
      sid: server.grants.find('user-1')?.sid,
      sessionExpiresAt: Math.floor(clock.now() + 86_400),
      logoutUrl: expect.stringMatching(/^\/auth\/logout\?proof=[\w-]{43}$/),
    })
    expect(text).not.toMatch(/canary|eyJ/)
    for (const value of tab.cookies.values()) expect(text).not.toContain(value.slice(0, 20))
  })

  it('gives each session its own proof', async () => {
    const { browser } = createApplication({ session })
    const urls = await Promise.all(
      [browser(), browser()].map(async (tab) => {
        await tab.signIn()
        const [first, second] = [await userOf(tab), await userOf(tab)]
        expect(first.logoutUrl).toBe(second.logoutUrl)
        return first.logoutUrl
      }),
    )
    expect(new Set(urls).size).toBe(2)
  })

  it.each([
    [{}, 401, { code: 'no_session' }],
    [{ anonymousUserStatus: 200 }, 200, null],
  ] as const)('with %j answers %i when nobody is signed in', async (options, status, body) => {
    const { browser } = createApplication({ session, ...options })
    const response = await browser().get('/auth/user')
    expect(response.status).toBe(status)
    expect(response.headers.get('cache-control')).toBe('no-store')
    const json: unknown = await response.json()
    if (body === null) expect(json).toBeNull()
    else expect(json).toMatchObject(body)
  })

  it.each([
    [{ 'sec-fetch-site': 'cross-site' }, 403],
    [{ 'sec-fetch-site': 'same-site' }, 403],
    [{ origin: 'https://evil.example' }, 403],
    [{ origin: 'https://evil.example', 'x-evertoken': '1' }, 403],
    [{}, 403],
    [{ origin }, 200],
    [{ 'x-evertoken': '1' }, 200],
    [{ ...NAVIGATION, 'sec-fetch-site': 'none' }, 200],
  ])('S21: with %j answers %i', async (headers, status) => {
    const { browser } = createApplication({ session })
    const tab = browser()
    await tab.signIn()
    const response = await tab.get('/auth/user', undefined, { headers })
    expect(response.status).toBe(status)
    expect((await response.text()).includes('user-1')).toBe(status === 200)
  })

  it('makes the session last longer, unless it is asked not to', async () => {
    const store = createTestStore()
    const { browser, clock } = createApplication({ session, store })
    const tab = browser()
    await tab.signIn()
    store.resetCounts()
    const { sessionExpiresAt } = await userOf(tab)
    for (let i = 0; i < 5; i++) {
      await clock.advance(4 * HOUR_MS)
      const response = await tab.get('/auth/user?slide=false')
      expect(response.headers.getSetCookie()).toEqual([])
      expect(await response.json()).toMatchObject({ sessionExpiresAt })
    }
    expect(store.counts.swap).toBe(0)
    await tab.get('/auth/user')
    expect((await userOf(tab)).sessionExpiresAt).toBeGreaterThan(sessionExpiresAt + 70_000)
    await clock.advance(86_400_000)
    expect((await tab.get('/auth/user')).status).toBe(401)
  })

  it('carries no session cookie after a sign-out, whatever cookie it is shown', async () => {
    const { browser, clock, server } = createApplication({ session })
    const tab = browser()
    await signIn(tab, server)
    const cookies = [tab.cookieHeader()]
    await clock.advance(301_000)
    await tab.get('/')
    cookies.push(tab.cookieHeader())
    await tab.post('/auth/logout')

    for (const cookie of cookies) {
      for (const query of ['', '?slide=false']) {
        const response = await tab.get(`/auth/user${query}`, cookie)
        expect(response.status).toBe(401)
        expect(response.headers.getSetCookie()).toEqual([])
      }
    }
  })

  it('S10: claims follow a refreshed ID token, and onRefreshed hears of them when the new token is safe', async () => {
    const seen: unknown[] = []
    const store = createMemoryStore()
    const stored: number[] = []
    let writes = 0
    const { server, browser, clock } = createApplication(
      {
        session,
        store: { ...store, swap: (...swap) => (writes++, store.swap(...swap)) },
        onRefreshed(claims) {
          seen.push(claims)
          stored.push(writes)
          throw new Error('No caller may see this')
        },
      },
      { user: { sub: 'user-1', claims: { name: 'Ann' } } },
    )
    const tab = browser()
    await signIn(tab, server)
    await clock.advance(301_000)
    const before = writes
    server.script('refresh', { type: 'idToken', claims: { name: 'Anna' } })
    expect((await tab.get('/')).status).toBe(200)
    await idle(() => seen.length > 0)

    expect(seen).toEqual([expect.objectContaining({ name: 'Anna', sub: 'user-1' })])
    // The claim to refresh, and the new refresh token.
    expect(stored[0]).toBe(before + 2)
    expect((await userOf(tab)).claims).toMatchObject({ name: 'Anna' })
  })

  it('onRefreshed hears nothing of a refresh that failed', async () => {
    const seen: unknown[] = []
    const { server, browser, clock } = createApplication({
      session,
      onRefreshed: (claims) => void seen.push(claims),
    })
    const tab = browser(() => new Response())
    await signIn(tab, server)
    await clock.advance(301_000)
    server.script('refresh', { type: 'status', status: 500 })
    await tab.get('/')
    expect(seen).toEqual([])
  })

  it('onRefreshed hears nothing where the old token still serves', async () => {
    const seen: unknown[] = []
    const { server, browser, clock, events } = createApplication({
      session,
      onRefreshed: (claims) => void seen.push(claims),
    })
    const tab = browser()
    await signIn(tab, server)
    await clock.advance(260_000)
    server.script('refresh', { type: 'status', status: 500 })
    expect((await tab.get('/')).status).toBe(200)
    await idle(() => ofType(events, 'refresh_failed').length > 0)
    await idle(() => seen.length > 0, 100)
    expect(server.counts.refresh).toBe(1)
    expect(seen).toEqual([])
  })
})

describe('the end of a session by time', () => {
  it.each([
    ['idle', { idleTimeoutSeconds: 3600 }, HOUR_MS],
    ['expired', { idleTimeoutSeconds: 3600, absoluteTimeoutSeconds: 1800 }, HOUR_MS / 2],
  ] as const)('is told once, as %s', async (reason, options, afterMs) => {
    const { browser, clock, events } = createApplication(options)
    const tab = browser()
    await tab.signIn()
    await clock.advance(afterMs)
    for (let i = 0; i < 3; i++) expect((await tab.get('/')).status).toBe(401)
    expect(ofType(events, 'session_ended')).toEqual([
      { type: 'session_ended', session: ofType(events, 'session_started')[0]?.session, reason },
    ])
  })

  it('ends nothing: when the clock was wrong, the session continues', async () => {
    const { browser, clock } = createApplication({ idleTimeoutSeconds: 3600 })
    const tab = browser()
    await tab.signIn()
    clock.jump(86_400)
    expect((await tab.get('/')).status).toBe(401)
    clock.jump(-86_400)
    expect((await tab.get('/')).status).toBe(200)
  })
})
