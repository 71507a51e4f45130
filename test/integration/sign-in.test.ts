import type { EvertokenEvent } from '@evertoken/core'
import { type AuthorizationServerOptions, pauseAfterProcessing, cookieHeaderOf } from '@evertoken/testkit'
import { describe, expect, it } from 'vitest'
import { type Browser, createApplication, kinds, origin, type Overrides } from './application.ts'

/** Goes to the login route and on to the authorization server; resolves to where that sends the browser. */
async function authorize(
  tab: Browser,
  server: ReturnType<typeof createApplication>['server'],
  path = '/auth/login',
) {
  const login = await tab.get(path)
  const location = new URL(login.headers.get('location') ?? '')
  const response = await server.fetch(location, { redirect: 'manual' })
  return { login, location, callback: new URL(response.headers.get('location') ?? '') }
}

const start = (options: Overrides = {}, serverOptions: AuthorizationServerOptions = {}) => {
  const application = createApplication(options, serverOptions)
  return { ...application, tab: application.browser() }
}

const ended = (events: readonly EvertokenEvent[]) =>
  events.flatMap((event) => (event.type === 'session_ended' ? [event.reason] : []))

const pathOf = (url: URL) => url.pathname + url.search

describe.each(kinds)('signing in, %s session', (session) => {
  it('goes the whole way and comes back to where it started', async () => {
    const { server, tab } = start({ session })
    const { login, location, callback } = await authorize(
      tab,
      server,
      '/auth/login?returnTo=/orders%3Fpage%3D2',
    )

    expect(login.headers.get('cache-control')).toBe('no-store')
    expect(location.searchParams.get('code_challenge_method')).toBe('S256')
    const back = await tab.get(pathOf(callback))
    expect([back.status, back.headers.get('location')]).toEqual([303, '/orders?page=2'])
    expect([...tab.cookies.keys()]).toEqual(['__Host-Http-evertoken'])
    const user = await tab.get('/auth/user')
    expect(user.headers.get('cache-control')).toBe('no-store')
    expect(await user.json()).toMatchObject({ claims: { sub: 'user-1' } })
  })

  it('finds the routes only below the prefix of the application', async () => {
    const { auth, server, browser } = start({ session, routePrefix: '/sign' })
    const challenge = 'Bearer error="insufficient_user_authentication", acr_values="gold"'
    const refused = new Response('', { status: 401, headers: { 'www-authenticate': challenge } })
    const tab = browser(() => new Response(auth.loginUrlFor(refused), { status: 404 }))
    const { location, callback } = await authorize(tab, server, '/sign/login')

    expect(location.searchParams.get('redirect_uri')).toBe(`${origin}/sign/callback`)
    const headers = { 'sec-fetch-mode': 'navigate' }
    const failed = await tab.get('/sign/callback?state=wrong', undefined, { headers })
    expect(await failed.text()).toContain('href="/sign/login"')
    expect((await tab.get(pathOf(callback))).status).toBe(303)
    const user = (await (await tab.get('/sign/user')).json()) as { logoutUrl: string }
    expect(user.logoutUrl).toMatch(/^\/sign\/logout\?/)
    for (const route of ['login', 'callback', 'user', 'logout']) {
      const elsewhere = await tab.post(`/auth/${route}`)
      expect([elsewhere.status, await elsewhere.text()]).toEqual([
        404,
        expect.stringMatching(/^\/sign\/login\?/),
      ])
    }
    expect((await tab.post('/sign/logout')).status).toBe(303)
    expect((await tab.get('/sign/user')).status).toBe(401)
  })

  it('S7: uses fresh random values every time', async () => {
    const { server, tab } = start({ session })
    const first = await authorize(tab, server)
    const second = await authorize(tab, server)

    for (const name of ['state', 'nonce', 'code_challenge']) {
      const values = [first, second].map(({ location }) => location.searchParams.get(name))
      expect(new Set(values).size).toBe(2)
      expect(values[0]?.length).toBeGreaterThanOrEqual(43)
    }
  })

  it('finishes logins of several tabs, in any order', async () => {
    const { server, tab } = start({ session })
    const first = await authorize(tab, server, '/auth/login?returnTo=/first')
    const second = await authorize(tab, server, '/auth/login?returnTo=/second')

    expect((await tab.get(pathOf(second.callback))).headers.get('location')).toBe('/second')
    expect((await tab.get(pathOf(first.callback))).headers.get('location')).toBe('/first')
  })

  it('S26: a new sign-in has a new session, and the old one is over', async () => {
    const { server, tab, events } = start({ session })
    await tab.get(pathOf((await authorize(tab, server)).callback))
    const before = tab.cookieHeader()
    await tab.get(pathOf((await authorize(tab, server)).callback))

    expect(tab.cookieHeader()).not.toBe(before)
    expect((await tab.get('/')).status).toBe(200)
    expect((await tab.get('/', before)).status).toBe(401)
    expect(ended(events)).toEqual(['replaced'])
    expect(server.counts.revoke).toBe(0)
  })

  it('S6: the tokens of a refresh for a session that a new sign-in replaced are not revoked: the grant may be shared', async () => {
    const { server, clock, tab } = start({ session })
    await tab.get(pathOf((await authorize(tab, server)).callback))
    const before = tab.cookieHeader()
    await clock.advance(301_000)
    const hold = pauseAfterProcessing()
    server.script('refresh', hold)
    const call = tab.get('/', before)
    await hold.reached
    await tab.get(pathOf((await authorize(tab, server)).callback))
    hold.release()

    expect((await call).status).toBe(401)
    expect(server.counts.revoke).toBe(0)
    expect((await tab.get('/')).status).toBe(200)
  })

  it('S26: a session whose Strict cookie stays away from the callback is over as well', async () => {
    const backChannelLogout = session === 'cookie'
    const { server, tab, events } = start({ session, sameSite: 'Strict', backChannelLogout })
    await tab.signIn()
    const before = tab.cookieHeader()
    const { login, callback } = await authorize(tab, server)
    await tab.get(pathOf(callback), cookieHeaderOf(login))

    expect((await tab.get('/')).status).toBe(200)
    expect((await tab.get('/', before)).status).toBe(401)
    expect(ended(events)).toEqual(['replaced'])
  })

  it.each([
    [
      'S34: is replayed with a login cookie that was kept',
      async (tab: Browser, callback: URL) => {
        const kept = [...tab.cookies]
        await tab.get(pathOf(callback))
        tab.cookies.clear()
        for (const [name, value] of kept) tab.cookies.set(name, value)
      },
    ],
    ['comes to another browser', async (tab: Browser) => tab.cookies.clear()],
    [
      'has another state',
      async (_tab: Browser, callback: URL) => callback.searchParams.set('state', 'another'),
    ],
  ])('refuses a callback that %s', async (_what, spoil) => {
    const { server, tab } = start({ session })
    const { callback } = await authorize(tab, server)
    await spoil(tab, callback)
    const response = await tab.get(pathOf(callback))

    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ code: 'login_transaction_invalid' })
  })

  it('refuses a callback that comes too late', async () => {
    const { server, clock, tab } = start({ session })
    const { callback } = await authorize(tab, server)
    await clock.advance(901_000)

    expect((await tab.get(pathOf(callback))).status).toBe(400)
  })

  it.each([
    ['another issuer', (callback: URL) => callback.searchParams.set('iss', 'https://evil.example')],
    ['no issuer where one is promised', (callback: URL) => callback.searchParams.delete('iss')],
    [
      'an error of another issuer',
      (callback: URL) => {
        callback.searchParams.delete('code')
        callback.searchParams.set('error', 'access_denied')
        callback.searchParams.set('iss', 'https://evil.example')
      },
    ],
  ])('S17: refuses a callback with %s before it redeems anything', async (_what, spoil) => {
    const { server, tab, events } = start(
      { session },
      { metadata: { authorization_response_iss_parameter_supported: true } },
    )
    const { callback } = await authorize(tab, server)
    spoil(callback)

    expect((await tab.get(pathOf(callback))).status).toBe(400)
    expect(server.counts.token).toBe(0)
    expect(events).toContainEqual(expect.objectContaining({ type: 'sign_in_failed' }))
    expect(tab.cookies.size).toBe(0)
  })

  it('keeps the session of a user whose new sign-in fails', async () => {
    const { server, tab } = start({ session })
    await tab.get(pathOf((await authorize(tab, server)).callback))
    const { callback } = await authorize(tab, server)
    callback.searchParams.set('code', 'wrong')

    expect((await tab.get(pathOf(callback))).status).toBe(400)
    expect((await tab.get('/')).status).toBe(200)
  })

  it.each([
    ['of another issuer', { iss: 'https://evil.example' }],
    ['for another client', { aud: 'another' }],
    ['for one client, given to another', { azp: 'another' }],
    ['with another nonce', { nonce: 'another' }],
    ['that has expired', { exp: 1 }],
  ])('S9: refuses an ID token %s', async (_what, claims) => {
    const { server, tab } = start({ session })
    const { callback } = await authorize(tab, server)
    server.script('token', { type: 'idToken', claims })

    expect((await tab.get(pathOf(callback))).status).toBe(400)
    expect(tab.cookies.size).toBe(0)
  })
})

it('names the scope to request if the server returns no refresh token', async () => {
  const { auth, server, clock, browser } = createApplication()
  const orders = auth.createTokenFetch({ baseUrl: 'https://api.example.com/' })
  const tab = browser(async (request) => {
    if (new URL(request.url).pathname !== '/start') return orders('recent')
    const { refresh_token: _none, ...rest } = await server.issue()
    await auth.startSession(rest)
    return new Response()
  })
  await tab.get('/start')
  await clock.advance(301_000)
  const response = await tab.get('/')

  expect(response.status).toBe(401)
  expect(await response.json()).toMatchObject({
    code: 'no_refresh_token',
    title: expect.stringMatching(/`offline_access`.*`prompt=consent`/) as string,
  })
})

it.each([undefined, 0, -1, 'soon'])(
  'a token with expires_in %j and without a refresh token lasts until the API rejects it',
  async (expires_in) => {
    let status = 200
    const { auth, server, clock, browser } = createApplication()
    const challenge = { 'www-authenticate': 'Bearer error="invalid_token"' }
    const orders = auth.createTokenFetch({
      baseUrl: 'https://api.example.com/',
      fetch: async () => new Response('orders', { status, headers: challenge }),
    })
    const tab = browser(async (request) => {
      if (new URL(request.url).pathname !== '/start') return orders('recent')
      const { refresh_token: _none, ...rest } = await server.issue()
      await auth.startSession({ ...rest, expires_in })
      return new Response()
    })
    await tab.get('/start')
    await clock.advance(20 * 3_600_000)

    expect((await tab.get('/')).status).toBe(200)
    status = 401
    expect((await tab.get('/')).status).toBe(401)
    expect(server.counts.refresh).toBe(0)
  },
)

it('a token without a lifetime lasts as long as the profile of the server says', async () => {
  const { auth, server, clock, browser } = createApplication({
    server: { defaultTokenLifetimeSeconds: 3600 },
  })
  const tab = browser()
  await tab.get('/', undefined, {}, async () => {
    const { expires_in: _none, ...rest } = await server.issue()
    await auth.startSession(rest)
    return new Response()
  })
  server.always('refresh', { type: 'members', omit: ['expires_in'] })
  for (const refreshes of [0, 1, 2]) {
    await tab.get('/')
    expect(server.counts.refresh).toBe(refreshes)
    await clock.advance(3_000_000)
    await tab.get('/')
    expect(server.counts.refresh).toBe(refreshes)
    await clock.advance(601_000)
  }
})

it('distinguishes a refused client from a refused user', async () => {
  const { server, tab } = start({ clientSecret: 'wrong' })
  const { callback } = await authorize(tab, server)
  const response = await tab.get(pathOf(callback))

  expect(response.status).toBe(500)
  expect(await response.json()).toMatchObject({ code: 'client_rejected' })
})

it('S8: compares the issuer byte for byte, except a slash at its end', async () => {
  const { tab } = start({}, { metadata: { issuer: 'https://login.example.com/other' } })
  const response = await tab.get('/auth/login')

  expect(response.status).toBe(500)
  expect(await response.json()).toMatchObject({ code: 'authorization_server_metadata_invalid' })
})

it('S8: fetches the metadata once under load', async () => {
  const { server, browser } = start()
  await Promise.all(Array.from({ length: 100 }, () => browser().get('/auth/login')))

  expect(server.counts.discovery).toBe(1)
})

it('names the remedy if its own address is unknown', async () => {
  const { auth } = createApplication({ baseUrl: undefined as never })

  await expect(auth.handle(new Request('http://app.example.com/'), () => new Response())).rejects.toThrow(
    /`baseUrl` is missing.*app\.example\.com.*https URL.*`--local-upstream localhost:PORT`/,
  )
  expect(origin).toMatch(/^https:/)
})

it('S10: who the user is stays as in the ID token, for any change of a hook to its argument', async () => {
  const { server, clock, tab, events } = start({
    onSignIn(claims) {
      ;(claims as { sub: string }).sub = 'local-5'
      return claims
    },
  })
  const { callback } = await authorize(tab, server)
  await tab.get(pathOf(callback))
  await clock.advance(301_000)
  expect((await tab.get('/')).status).toBe(200)
  expect(events.filter(({ type }) => type === 'session_ended')).toEqual([])
})
