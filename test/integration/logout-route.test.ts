import { describe, expect, it } from 'vitest'
import { createApplication, kinds, origin } from './application.ts'
import { idle, locationOf, NAVIGATION, ofType, signIn, userOf } from './steps.ts'

describe.each(kinds)('the proof to sign out, %s session', (session) => {
  it.each([
    ['a link', { headers: NAVIGATION }],
    ['a link from elsewhere', { headers: { ...NAVIGATION, 'sec-fetch-site': 'cross-site' } }],
    ['a form without other signs', { method: 'POST' }],
  ])('is enough, with %s', async (_what, init) => {
    const { browser, server } = createApplication({ session })
    const tab = browser()
    await signIn(tab, server)
    const { logoutUrl } = await userOf(tab)
    const response = await tab.get(logoutUrl, undefined, init)

    expect(response.status).toBe(303)
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect((await tab.get('/')).status).toBe(401)
  })

  it('S31: nothing else is, and another session has another', async () => {
    const { browser, server } = createApplication({ session })
    const [tab, other] = [browser(), browser()]
    await signIn(tab, server)
    await signIn(other, server)
    const { logoutUrl } = await userOf(tab)
    const theirs = (await userOf(other)).logoutUrl
    for (const url of [
      '/auth/logout',
      '/auth/logout?proof=',
      `${logoutUrl}x`,
      logoutUrl.slice(0, -1),
      logoutUrl.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A')),
      theirs,
      `/auth/logout?sid=${server.grants.find('user-1')?.sid}`,
    ]) {
      const response = await tab.get(url, undefined, { headers: NAVIGATION })
      expect(response.status).toBe(403)
      expect(response.headers.getSetCookie()).toEqual([])
    }
    expect((await tab.get('/')).status).toBe(200)
    expect((await other.get('/')).status).toBe(200)
  })

  it('is not acted on by a browser that loads ahead, nor by other methods', async () => {
    const { browser } = createApplication({ session })
    const tab = browser()
    await tab.signIn()
    const { logoutUrl } = await userOf(tab)
    for (const init of [
      { headers: { ...NAVIGATION, 'sec-purpose': 'prefetch;prerender' } },
      { method: 'HEAD' },
      { method: 'DELETE' },
    ]) {
      expect((await tab.get(logoutUrl, undefined, init)).status).toBe(403)
    }
    expect((await tab.get('/')).status).toBe(200)
  })

  it('is not needed without a user: the browser continues', async () => {
    const { browser, server } = createApplication({ session })
    const response = await browser().get('/auth/logout?returnTo=/bye', undefined, { headers: NAVIGATION })
    expect([response.status, response.headers.get('location')]).toEqual([303, '/bye'])
    expect(server.counts.revoke).toBe(0)
  })
})

describe.each(kinds)('S11: the way over the authorization server, %s session', (session) => {
  async function signOut(query: string, options = {}) {
    const application = createApplication({ session, ...options })
    const tab = application.browser(() => new Response('home'))
    await signIn(tab, application.server)
    const first = await tab.post(`/auth/logout${query}`)
    const to = locationOf(first)
    const back = locationOf(await application.server.fetch(to, { redirect: 'manual' }))
    return { ...application, tab, first, to, back }
  }

  it('has a state, and redirects to the requested page', async () => {
    const { tab, to, back, server } = await signOut('?returnTo=/bye%3Fa%3D1')
    expect(to.origin + to.pathname).toBe(`${server.issuer}/end_session`)
    expect(to.searchParams.get('state')).toHaveLength(43)
    expect(to.searchParams.get('post_logout_redirect_uri')).toBe(`${origin}/`)

    const response = await tab.get(back.pathname + back.search)
    expect([response.status, response.headers.get('location')]).toEqual([303, '/bye?a=1'])
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(tab.cookies.size).toBe(0)
    expect(await (await tab.get(back.pathname + back.search)).text()).toBe('home')
  })

  it.each([
    ['another state', 'state=x'],
    ['an odd one', `state=${encodeURIComponent('\r\nSet-Cookie: a=b')}`],
    ['none', 'state='],
  ])('is refused with %s', async (_what, query) => {
    const { tab } = await signOut('?returnTo=/bye', { postLogoutPath: '/out' })
    const response = await tab.get(`/out?${query}`)
    expect([response.status, response.headers.get('location')]).toEqual([303, '/out'])
    expect(tab.cookies.size).toBe(0)
    expect(await (await tab.get('/out')).text()).toBe('home')
  })

  it('is refused after 15 minutes, and with the cookie of another user', async () => {
    const { tab, back, clock } = await signOut('?returnTo=/bye')
    const cookie = tab.cookieHeader()
    const path = back.pathname + back.search
    await clock.advance(901_000)
    expect((await tab.get(path)).headers.get('location')).toBe('/')
    for (const forged of [cookie.replace(/=.*/, '=x'), cookie.slice(0, -2), cookie.replace('e1*', 'e2*')])
      expect((await tab.get(path, forged)).headers.get('location')).toBe('/')
  })

  it('does not affect the page of the application', async () => {
    const { browser } = createApplication({ session })
    const tab = browser(() => new Response('home'))
    for (const path of ['/', '/?state=x', '/?state=x&state=y'])
      expect(await (await tab.get(path)).text()).toBe('home')
  })

  it('ends at the post-logout path where nothing else is wanted', async () => {
    const { tab, to, back } = await signOut('', { postLogoutPath: '/out' })
    expect(to.searchParams.has('state')).toBe(false)
    expect(back.pathname).toBe('/out')
    expect(await (await tab.get(back.pathname + back.search)).text()).toBe('home')
    expect((await tab.post('/auth/logout')).headers.get('location')).toBe('/out')
  })

  it('sets no cookie without a destination', async () => {
    const { tab, to } = await signOut('')
    expect(to.searchParams.has('state')).toBe(false)
    expect(tab.cookies.size).toBe(0)
  })

  it('never leads to another site', async () => {
    for (const returnTo of [
      '//evil.example',
      '/%09/evil.example',
      'https://evil.example/',
      '/\\evil.example',
    ]) {
      const { tab, back } = await signOut(`?returnTo=${encodeURIComponent(returnTo)}`)
      const response = await tab.get(back.pathname + back.search)
      if (response.status === 303) expect(locationOf(response).origin).toBe(origin)
    }
  })
})

describe.each(kinds)('what is revoked, %s session', (session) => {
  it.each([
    [false, []],
    [true, ['refresh_token']],
    ['all', ['refresh_token', 'access_token']],
  ] as const)('with revokeOnLogout %j: %j', async (revokeOnLogout, hints) => {
    const { server, browser } = createApplication({ session, revokeOnLogout })
    const tab = browser()
    await tab.signIn()
    await tab.post('/auth/logout')
    await idle(() => server.counts.revoke > hints.length, 200)
    const sent = server.log.filter(({ kind }) => kind === 'revoke')
    expect(sent.map(({ parameters }) => parameters.get('token_type_hint'))).toEqual(hints)
  })

  it('S5: is tried again in the background, and every outcome is reported', async () => {
    const { server, clock, browser, events } = createApplication({ session, revokeOnLogout: 'all' })
    const tab = browser()
    await tab.signIn()
    const unavailable = { type: 'status', status: 503 } as const
    server.script('revoke', [unavailable, unavailable, unavailable])
    expect((await tab.post('/auth/logout')).status).toBe(303)
    expect((await tab.get('/')).status).toBe(401)

    const outcomes = () =>
      [...ofType(events, 'refresh_token_revoked'), ...ofType(events, 'access_token_revoked')].map(
        ({ outcome }) => outcome,
      )
    await idle(() => outcomes().length === 2)
    expect(outcomes()).toEqual(['failed', 'failed'])
    await clock.advance(1000)
    await idle(() => outcomes().length === 4)
    await clock.advance(4000)
    await idle(() => outcomes().length === 5)
    expect(outcomes().filter((outcome) => outcome === 'failed')).toHaveLength(3)
    expect(outcomes().filter((outcome) => outcome === 'revoked')).toHaveLength(2)
    expect(server.grants.alive('user-1')).toBe(false)
  })

  it('S5: includes the token of a failed revocation', async () => {
    const { auth, server, browser } = createApplication({ session })
    const tab = browser(async () => new Response(await auth.revokeRefreshToken()))
    await tab.signIn()
    server.script('revoke', { type: 'status', status: 503 })
    expect(await (await tab.get('/')).text()).toBe('failed')
    await tab.post('/auth/logout')
    await idle(() => server.counts.revoke === 2)
    expect(server.grants.alive('user-1')).toBe(false)
  })

  it('S5: ends after a few tries', async () => {
    const { server, clock, browser, events } = createApplication({ session })
    const tab = browser()
    await tab.signIn()
    server.always('revoke', { type: 'status', status: 503 })
    await tab.post('/auth/logout')
    for (let i = 1; i <= 8; i++) {
      await idle(() => ofType(events, 'refresh_token_revoked').length >= Math.min(i, 4))
      await clock.advance(60_000)
    }
    expect(server.counts.revoke).toBe(4)
  })

  it('S5: a server that revokes nothing is asked nothing', async () => {
    const { server, browser, events } = createApplication(
      { session },
      { metadata: { revocation_endpoint: undefined } },
    )
    const tab = browser()
    await tab.signIn()
    await tab.post('/auth/logout')
    await idle(() => ofType(events, 'refresh_token_revoked').length > 0)
    expect(ofType(events, 'refresh_token_revoked')).toMatchObject([{ outcome: 'unsupported' }])
    expect(server.counts.revoke).toBe(0)
  })
})
