import { describe, expect, it } from 'vitest'
import { createApplication, kinds, origin } from './application.ts'
import { authorize, idle, locationOf, NAVIGATION, ofType, pathOf, signIn, userOf } from './steps.ts'

describe('the parameters that the login route passes on', () => {
  it('passes the parameters of the query on, with the configured ones', async () => {
    const { server, browser } = createApplication({
      authorizationParameters: { prompt: 'consent', audience: 'api' },
      forwardLoginParameters: ['kc_idp_hint', 'scope'],
    })
    const query =
      '?prompt=login&login_hint=ann&acr_values=phr+mfa&max_age=60&ui_locales=de&scope=payments&kc_idp_hint=hub'
    const { location } = await authorize(browser(), server, `${query}&audience=evil&state=mine`)

    expect(Object.fromEntries(location.searchParams)).toMatchObject({
      prompt: 'consent login',
      login_hint: 'ann',
      acr_values: 'phr mfa',
      max_age: '60',
      ui_locales: 'de',
      scope: 'openid offline_access payments',
      kc_idp_hint: 'hub',
      audience: 'api',
    })
    expect(location.searchParams.getAll('state')).not.toContain('mine')
  })

  it.each([
    '?prompt=none+login',
    '?max_age=-1',
    '?max_age=1&max_age=2',
    '?scope=a%22b',
    '?scope=payments',
    '?login_hint=a%0d%0aSet-Cookie:+x=y',
    `?acr_values=${'x'.repeat(600)}`,
  ])('refuses %s', async (query) => {
    const { server, browser, events } = createApplication()
    const response = await browser().get(`/auth/login${query}`)

    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ code: 'login_request_invalid' })
    expect(response.headers.getSetCookie()).toEqual([])
    expect(server.counts.authorize).toBe(0)
    expect(ofType(events, 'sign_in_failed')).toHaveLength(1)
  })

  it('S38: starts a login for a third party, which can name a user and a destination', async () => {
    const { server, browser } = createApplication()
    const query = new URLSearchParams({
      iss: server.issuer,
      login_hint: 'ann',
      target_link_uri: `${origin}/there`,
    })
    const tab = browser()
    const { location, callback } = await authorize(tab, server, `?${query}`)
    expect(location.searchParams.get('login_hint')).toBe('ann')
    expect(location.searchParams.has('iss')).toBe(false)
    const page = await tab.get(pathOf(callback))
    expect(locationOf(page).href).toBe(`${origin}/there`)
  })

  it.each(['https://evil.example', '', 'https://login.example.com/x'])(
    'S38: refuses a login for the issuer "%s"',
    async (issuer) => {
      const { server, browser, events } = createApplication()
      for (const first of [[], [server.issuer]]) {
        const query = new URLSearchParams([...first, issuer].map((iss) => ['iss', iss]))
        const response = await browser().get(`/auth/login?${query}`)
        expect(response.status).toBe(400)
        expect(await response.json()).toMatchObject({ code: 'login_request_invalid' })
      }
      expect(server.counts.authorize).toBe(0)
      expect(ofType(events, 'sign_in_failed')).toHaveLength(2)
    },
  )

  it.each([
    ['a slash at its end', {}, 'https://login.example.com/'],
    [
      'the ID of a tenant',
      {
        issuer: 'https://login.microsoftonline.com/organizations/v2.0',
        metadata: {
          token_endpoint: 'https://login.microsoftonline.com/organizations/oauth2/v2.0/token',
          authorization_endpoint: 'https://login.microsoftonline.com/organizations/oauth2/v2.0/authorize',
        },
        tenants: ['contoso'],
      },
      'https://login.microsoftonline.com/contoso/v2.0',
    ],
  ])('S38: starts a login for the issuer with %s', async (_how, profile, issuer) => {
    const { browser } = createApplication({ server: profile })
    const response = await browser().get(`/auth/login?${new URLSearchParams({ iss: issuer })}`)
    expect(response.status).toBe(302)
    expect(locationOf(response).pathname).toMatch(/\/authorize$/)
  })

  it('keeps line ends out of every header', async () => {
    const { browser } = createApplication()
    const query = '?returnTo=/x%0d%0aSet-Cookie:%20evil=1&ui_locales=de'
    const response = await browser().get(`/auth/login${query}`)

    expect([...response.headers].flat().join('')).not.toMatch(/[\r\n]|evil=1;/)
  })
})

describe('S9: max_age', () => {
  it.each([
    ['too long ago', { auth_time: 1000 }],
    ['nobody knows when', { auth_time: undefined }],
  ])('refuses a sign-in that was %s', async (_when, claims) => {
    const { server, browser } = createApplication()
    const tab = browser()
    const { callback } = await authorize(tab, server, '?max_age=60')
    server.script('token', { type: 'idToken', claims })
    const response = await tab.get(pathOf(callback))

    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ code: 'authorization_response_invalid' })
    expect((await tab.get('/')).status).toBe(401)
  })

  it('takes one that is fresh, and checks nothing that was not asked', async () => {
    const { server, browser } = createApplication()
    expect((await signIn(browser(), server, '?max_age=60')).status).toBe(303)
    const tab = browser()
    const { callback } = await authorize(tab, server)
    server.script('token', { type: 'idToken', claims: { auth_time: 1000 } })
    expect((await tab.get(pathOf(callback))).status).toBe(303)
  })
})

describe.each(kinds)('a silent login, %s session', (session) => {
  it('returns without a page if the user is not signed in there, and does not repeat that', async () => {
    const { server, browser, events } = createApplication({ session }, { user: undefined })
    const tab = browser()
    const response = await signIn(tab, server, '?prompt=none&returnTo=/here%3Fa%3D1%23b')

    expect([response.status, response.headers.get('location')]).toEqual([
      303,
      '/here?a=1&error=login_required#b',
    ])
    expect(tab.cookies.size).toBe(0)
    expect(ofType(events, 'sign_in_failed')).toEqual([
      {
        type: 'sign_in_failed',
        code: 'login_required',
        cause: expect.objectContaining({ error: 'login_required' }),
      },
    ])
  })

  it.each(['interaction_required', 'consent_required', 'account_selection_required'])(
    'calls %s login_required, which is what to do',
    async (error) => {
      const { server, browser } = createApplication({ session })
      const tab = browser()
      const { callback } = await authorize(tab, server, '?prompt=none')
      callback.searchParams.delete('code')
      callback.searchParams.set('error', error)
      expect(locationOf(await tab.get(pathOf(callback))).search).toBe('?error=login_required')
    },
  )

  it('goes back without a page when the authorization server cannot be reached', async () => {
    const down = createApplication({ session })
    down.server.always('discovery', { type: 'status', status: 503 })
    const response = await down.browser().get('/auth/login?prompt=none&returnTo=/here', undefined, {
      headers: NAVIGATION,
    })
    expect(response.headers.get('location')).toBe('/here?error=authorization_server_unavailable')
  })

  it('signs in without a page if a user is signed in there, and otherwise keeps the session', async () => {
    const { server, browser } = createApplication({ session })
    const tab = browser()
    expect(locationOf(await signIn(tab, server, '?prompt=none&returnTo=/here')).pathname).toBe('/here')
    server.user = undefined
    expect(locationOf(await signIn(tab, server, '?prompt=none')).search).toBe('?error=login_required')
    expect((await tab.get('/')).status).toBe(200)
  })

  it('never goes anywhere else', async () => {
    const { server, browser } = createApplication({ session }, { user: undefined })
    const long = encodeURIComponent(`/${'x'.repeat(2040)}`)
    for (const returnTo of ['//evil.example', '/..//evil.example', 'https:evil.example', long]) {
      const response = await signIn(browser(), server, `?prompt=none&returnTo=${returnTo}`)
      const { origin: to, search } = locationOf(response)
      expect([to, search]).toEqual([origin, '?error=login_required'])
    }
  })
})

describe('S19: step-up', () => {
  it('leads from the challenge of an API to a sign-in that meets it', async () => {
    const { server, browser, auth } = createApplication()
    const challenge =
      'Bearer error="insufficient_user_authentication", acr_values="phr", max_age="30", error_description="x"'
    const tab = browser((request) => {
      const refused = new Response('', { status: 401, headers: { 'www-authenticate': challenge } })
      return new Response(auth.loginUrlFor(refused, request.url))
    })
    await signIn(tab, server)
    const url = await (await tab.get('/pay?id=7')).text()
    expect(url.startsWith('/auth/login?')).toBe(true)

    const { location, callback } = await authorize(tab, server, url.slice('/auth/login'.length))
    expect(location.searchParams.get('acr_values')).toBe('phr')
    expect(location.searchParams.get('max_age')).toBe('30')
    expect((await tab.get(pathOf(callback))).headers.get('location')).toBe('/pay?id=7')
    expect((await userOf(tab)).claims).toMatchObject({ acr: 'phr' })
  })

  it('requests the missing scope in addition to the configured one', async () => {
    const { server, auth, browser } = createApplication({ forwardLoginParameters: ['scope'] })
    const session = auth.session(new Request(origin))
    const headers = { 'www-authenticate': 'Bearer error="insufficient_scope", scope="payments openid"' }
    const url = session.loginUrlFor(new Response('', { status: 403, headers }))
    const { location } = await authorize(browser(), server, url?.slice('/auth/login'.length))
    expect(location.searchParams.get('scope')).toBe('openid offline_access payments')
  })

  it.each([
    [200, 'Bearer error="insufficient_user_authentication"'],
    [401, 'Bearer error="invalid_token"'],
    [403, 'Bearer error="insufficient_scope"'],
    // The login route does not accept `scope` here.
    [403, 'Bearer error="insufficient_scope", scope="payments"'],
    [401, ''],
  ])('has no login for %i %s', (status, header) => {
    const { auth } = createApplication()
    const response = new Response('', { status, headers: { 'www-authenticate': header } })
    expect(auth.session(new Request(origin)).loginUrlFor(response)).toBeUndefined()
  })
})

it('keeps logins of another application on the same host out', async () => {
  const { browser, server, options } = createApplication()
  const tab = browser()
  const { callback } = await authorize(tab, server)
  const { auth } = createApplication({
    encryptionSecret: options.encryptionSecret,
    issuer: 'https://other.example.com',
  })
  const request = new Request(callback, { headers: { cookie: tab.cookieHeader() } })
  const response = await auth.handle(request, () => new Response())
  expect(await response.json()).toMatchObject({ code: 'login_transaction_invalid' })
})

describe.each(kinds)('two tabs, %s session', (session) => {
  it('signing in at the same time both succeed, and the later session stays', async () => {
    const { server, browser, events } = createApplication({ session })
    const tab = browser()
    const one = await authorize(tab, server, '?returnTo=/one')
    const two = await authorize(tab, server, '?returnTo=/two')
    const before = tab.cookieHeader()
    const responses = await Promise.all([
      tab.get(pathOf(two.callback), before),
      tab.get(pathOf(one.callback), before),
    ])

    expect(responses.map((response) => response.headers.get('location'))).toEqual(['/two', '/one'])
    expect((await tab.get('/')).status).toBe(200)
    expect([...tab.cookies.keys()]).toEqual(['__Host-Http-evertoken'])
    expect(ofType(events, 'sign_in_failed')).toEqual([])
  })

  it('a sign-out in one also signs out the other', async () => {
    const { server, browser, events } = createApplication({ session })
    const tab = browser()
    await signIn(tab, server)
    const other = tab.cookieHeader()
    await tab.post('/auth/logout')
    await idle(() => ofType(events, 'refresh_token_revoked').length > 0)

    const user = await tab.get('/auth/user?slide=false', other)
    expect(user.status).toBe(401)
    expect(user.headers.getSetCookie()).toEqual([])
    // Its own button is a stale form by now: nothing is left to sign out from.
    expect((await tab.get('/auth/logout?proof=stale', other)).status).toBe(303)
  })
})

it('S9: a link lowers the configured max_age, and never raises it', async () => {
  const { server, browser } = createApplication({ authorizationParameters: { max_age: '300' } })
  for (const [asked, sent] of [
    ['99999999', '300'],
    ['60', '60'],
  ]) {
    const { location } = await authorize(browser(), server, `?max_age=${asked}`)
    expect(location.searchParams.get('max_age')).toBe(sent)
  }
})

describe.each(kinds)('S35: a link cannot ask for less than is configured, %s session', (session) => {
  const configured = { prompt: 'login', acr_values: 'phr', max_age: '60' }
  const start = () => createApplication({ session, authorizationParameters: configured })

  it('at the authorization server', async () => {
    const { server, browser } = start()
    const { location } = await authorize(browser(), server, '?prompt=none&acr_values=pwd&max_age=9999')
    expect(Object.fromEntries(location.searchParams)).toMatchObject(configured)
  })

  it.each([
    ['a weaker sign-in', { acr: 'pwd' }, 'authentication_insufficient', 403],
    ['one that does not show how', { acr: undefined }, 'authentication_insufficient', 403],
    ['one that shows a list', { acr: ['phr'] }, 'authentication_insufficient', 403],
    ['an earlier sign-in', { acr: 'phr', auth_time: 1000 }, 'authorization_response_invalid', 400],
  ])('in the ID token: %s is refused, and its tokens are revoked', async (_what, claims, code, status) => {
    const { server, browser, events } = start()
    const tab = browser()
    const { callback } = await authorize(tab, server, '?acr_values=pwd&max_age=9999')
    server.script('token', { type: 'idToken', claims })
    const response = await tab.get(pathOf(callback))
    await idle(() => ofType(events, 'refresh_token_revoked').length > 0)

    expect(response.status).toBe(status)
    expect(await response.json()).toMatchObject({ code })
    expect(tab.cookies.size).toBe(0)
    expect(server.counts.revoke).toBe(1)
  })

  it('and a sign-in that is as strong as required is accepted', async () => {
    const { server, browser } = start()
    const tab = browser()
    const { callback } = await authorize(tab, server)
    server.script('token', { type: 'idToken', claims: { acr: 'phr' } })
    expect((await tab.get(pathOf(callback))).status).toBe(303)
  })

  it('the parameters of a link are checked too', async () => {
    const { server, browser } = createApplication({ session })
    const tab = browser()
    const { callback } = await authorize(tab, server, '?acr_values=phr+phrh')
    server.script('token', { type: 'idToken', claims: { acr: 'pwd' } })
    expect(await (await tab.get(pathOf(callback))).json()).toMatchObject({
      code: 'authentication_insufficient',
    })
  })

  it('the authorization server can refuse it too', async () => {
    const { server, browser } = start()
    const tab = browser()
    const { callback } = await authorize(tab, server)
    callback.searchParams.delete('code')
    callback.searchParams.set('error', 'unmet_authentication_requirements')
    expect(await (await tab.get(pathOf(callback))).json()).toMatchObject({
      code: 'authentication_insufficient',
    })
  })
})

it.each([
  [
    { scope: 'orders', authorizationParameters: { acr_values: 'phr' } },
    /needs the scope `openid` for `acr_values`/,
  ],
  [{ scope: 'orders', authorizationParameters: { max_age: '60' } }, /needs the scope `openid` for `max_age`/],
  [{ authorizationParameters: { max_age: '1 h' } }, /invalid `max_age`/],
  [{ authorizationParameters: { acr_values: 'a  b' } }, /invalid `acr_values`/],
])('S35: refuses requirements that it could not check: %j', (options, message) => {
  expect(() => createApplication(options)).toThrow(message)
})
