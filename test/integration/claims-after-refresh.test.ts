import { createMemoryStore, type OnSignIn } from '@evertoken/core'
import { describe, expect, it } from 'vitest'
import { createApplication, kinds, origin } from './application.ts'
import { idle, ofType, signIn, userOf } from './steps.ts'

const groups = Array.from({ length: 500 }, (_, i) => `group ${i}`)

describe.each(kinds)('S36: claims after refreshes, %s session', (session) => {
  it('stay as the application decided at the sign-in', async () => {
    const asked: unknown[] = []
    const onSignIn: OnSignIn = ({ groups: _groups, ...claims }, about) => {
      asked.push(about)
      return { ...claims, roles: ['reader'] }
    }
    const { server, browser, clock, events } = createApplication({ session, onSignIn })
    const tab = browser()
    await signIn(tab, server, '?returnTo=/here')
    const { claims } = await userOf(tab)
    expect(claims).toMatchObject({ sub: 'user-1', roles: ['reader'] })

    for (let i = 1; i <= 3; i++) {
      server.script('refresh', { type: 'idToken', claims: { groups, roles: ['admin'] } })
      await clock.advance(301_000)
      expect((await tab.get('/')).status).toBe(200)
      await idle(() => asked.length > i)
      expect((await userOf(tab)).claims).toEqual(claims)
    }
    const scope = 'openid offline_access'
    const fetch: unknown = expect.any(Function)
    expect(asked).toEqual([
      {
        reason: 'sign_in',
        returnTo: '/here',
        scope,
        fetch,
        tokenResponse: { token_type: 'Bearer', expires_in: 300, scope },
      },
      ...Array.from({ length: 3 }, () => ({ reason: 'refresh', current: claims, scope, fetch })),
    ])
    expect(ofType(events, 'cookie_too_large')).toEqual([])
  })

  it('change as the hook decides after a refresh, but not who the user is', async () => {
    let roles = ['reader']
    const { server, browser, clock } = createApplication({
      session,
      onSignIn: (claims) => ({ ...claims, sub: 'admin', roles }),
    })
    const tab = browser()
    await signIn(tab, server)
    roles = ['reader', 'writer']
    await clock.advance(301_000)
    await tab.get('/')
    for (let i = 0; i < 50; i++) await idle(() => false, 1)
    const { claims } = await userOf(tab)
    expect(claims).toMatchObject({ sub: 'user-1', roles })
    // The cookie has them too.
    expect((await userOf(tab)).claims).toEqual(claims)
  })

  it('that the hook does not accept any longer end the session, and the tokens are revoked', async () => {
    let isWelcome = true
    const { server, browser, clock, events } = createApplication({
      session,
      onSignIn: () => (isWelcome ? undefined : false),
    })
    const tab = browser()
    await signIn(tab, server)
    const cookie = tab.cookieHeader()
    isWelcome = false
    await clock.advance(301_000)
    await tab.get('/')
    await idle(() => ofType(events, 'session_ended').length > 0 && server.counts.revoke > 0)

    expect(ofType(events, 'session_ended')).toMatchObject([{ reason: 'refused' }])
    expect(server.grants.alive('user-1')).toBe(false)
    expect((await tab.get('/', cookie)).status).toBe(401)
  })

  it.each<[string, () => never]>([
    [
      'RangeError',
      () => {
        throw new RangeError('canary')
      },
    ],
    ['TypeError', () => ({ id: 1n }) as never],
  ])('stay if the hook fails with a %s, and an event reports it', async (name, fail) => {
    let hook: OnSignIn = (claims) => ({ ...claims, roles: ['reader'] })
    const { server, browser, clock, events } = createApplication({
      session,
      onSignIn: (...about) => hook(...about),
    })
    const tab = browser()
    await signIn(tab, server)
    hook = fail
    await clock.advance(301_000)
    expect((await tab.get('/')).status).toBe(200)
    await idle(() => ofType(events, 'claims_hook_failed').length > 0)

    expect(ofType(events, 'claims_hook_failed')).toMatchObject([{ cause: { name } }])
    expect(JSON.stringify(events)).not.toContain('canary')
    expect((await userOf(tab)).claims).toMatchObject({ roles: ['reader'] })
  })

  it('that the application passed to `startSession` change only through the hook', async () => {
    const started = { sub: 'user-1', roles: ['reader'] }
    let hook: OnSignIn = () => undefined
    const { auth, server, browser, clock } = createApplication({
      session,
      onSignIn: (...about) => hook(...about),
    })
    const tab = browser()
    await tab.get('/', undefined, {}, async () => {
      await auth.startSession(await server.issue({ expiresIn: 300 }), { claims: started })
      return new Response()
    })
    const { claims } = await userOf(tab)
    const ofToken = { type: 'idToken', claims: { groups, roles: ['admin'] } } as const
    for (let i = 0; i < 2; i++) {
      server.script('refresh', ofToken)
      await clock.advance(301_000)
      expect((await tab.get('/')).status).toBe(200)
      expect((await userOf(tab)).claims).toEqual(claims)
    }
    hook = ({ roles }, { current }) => ({ ...current, roles })
    server.script('refresh', ofToken)
    await clock.advance(301_000)
    await tab.get('/')
    await idle(() => false, 100)
    expect((await userOf(tab)).claims).toEqual({ ...claims, roles: ['admin'] })
  })

  it('never wait for the hook, whose result is applied when it comes', async () => {
    let finish: (claims: Record<string, unknown>) => void = () => undefined
    let count = 0
    const { server, browser, clock } = createApplication({
      session,
      onSignIn: () => (count++ === 0 ? undefined : new Promise((resolve) => (finish = resolve))),
    })
    const tab = browser()
    await signIn(tab, server)
    await clock.advance(301_000)
    expect((await tab.get('/')).status).toBe(200)
    await idle(() => count > 1)
    expect((await userOf(tab)).claims).not.toHaveProperty('late')
    finish({ late: true })
    await idle(() => false, 100)
    expect((await userOf(tab)).claims).toMatchObject({ late: true, sub: 'user-1' })
  })
})

describe.each(kinds)('S12: a refreshed ID token with another sid, %s session', (session) => {
  async function start(claims?: object) {
    const store = createMemoryStore()
    const application = createApplication({ session, backChannelLogout: true, store })
    const { auth, server, browser, clock } = application
    const tab = browser()
    await tab.get('/', undefined, {}, async () => {
      const response = await server.issue({ sub: 'user-1', expiresIn: 300 })
      await auth.startSession(response, claims && { claims: { sub: 'user-1', ...claims } })
      return new Response()
    })
    const { sid: first = '' } = await userOf(tab)
    async function logOut(token: Parameters<typeof server.logoutToken>[0]) {
      const body = new URLSearchParams({ logout_token: await server.logoutToken(token) })
      const request = new Request(`${origin}/auth/back-channel-logout`, { method: 'POST', body })
      return (await auth.handle(request, () => new Response())).status
    }
    async function refresh() {
      server.script('refresh', { type: 'idToken', claims: { sid: 'second' } })
      await clock.advance(301_000)
      expect((await tab.get('/')).status).toBe(200)
      await idle(() => false, 100)
    }
    return { ...application, tab, first, logOut, refresh }
  }

  it.each([
    ['the new one', false, undefined],
    ['the earlier one', true, undefined],
    ['the new one, with claims of the application', false, { role: 'clerk' }],
    ['the earlier one, with claims of the application', true, { role: 'clerk' }],
  ])('is ended by %s', async (_which, isFirst, claims) => {
    const { tab, first, logOut, refresh } = await start(claims)
    await refresh()
    expect(await logOut({ sid: 'unknown' })).toBe(200)
    expect((await tab.get('/')).status).toBe(200)
    expect(await logOut({ sid: isFirst ? first : 'second' })).toBe(200)
    expect((await tab.get('/')).status).toBe(401)
  })

  it('is ended by a logout token that names the user and the earlier one', async () => {
    const { tab, first, logOut, refresh } = await start()
    await refresh()
    expect(await logOut({ sub: 'user-1', sid: first })).toBe(200)
    expect((await tab.get('/')).status).toBe(401)
  })

  it('is ended by a logout token for the new one that arrived before the refresh', async () => {
    const { tab, logOut, refresh, events } = await start()
    expect(await logOut({ sid: 'second' })).toBe(200)
    await refresh()
    await idle(() => ofType(events, 'session_ended').length > 0)
    expect((await tab.get('/')).status).toBe(401)
    expect(ofType(events, 'session_ended')).toMatchObject([{ reason: 'back_channel_logout' }])
  })
})
