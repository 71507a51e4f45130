import { evertoken } from '@evertoken/node'
import { createConnections } from '@evertoken/node/connections'
import { createBrowser } from '@evertoken/testkit'
import { describe, expect, it } from 'vitest'
import { APP, begin, CONNECT, createConnectingApplication, LINK, submitForm } from './connecting-browser.ts'
import { SECRET } from './connection-owners.ts'
import { ofType } from './steps.ts'

const textOf = async (response: Response | Promise<Response>) => (await response).text()

describe('the connect route', () => {
  it('has no route for a name that `get` refuses', async () => {
    const { connections } = createConnectingApplication()
    const headers = { cookie: 'user=ada', 'x-evertoken': '1' }
    for (const label of ['x'.repeat(1025), '', '%E0%A4%A']) {
      const path = `${APP}/connections/google:${label}`
      const begun = await connections.route(new Request(`${path}/connect`, { headers }))
      const ended = await connections.route(new Request(`${path}/disconnect`, { method: 'POST', headers }))
      expect([begun, ended]).toEqual([undefined, undefined])
    }
    const longest = `${APP}/connections/google:${'x'.repeat(1024)}`
    expect((await connections.route(new Request(`${longest}/connect`, { headers })))?.status).toBe(302)
    const request = new Request(`${longest}/disconnect`, { method: 'POST', headers })
    expect((await connections.route(request))?.status).toBe(200)
  })

  it('lets the owner connect an account, and returns to the page with the outcome', async () => {
    const world = createConnectingApplication()
    const browser = await world.openBrowser('ada')
    const { location } = await begin(world, browser)
    expect(location.searchParams.get('redirect_uri')).toBe(
      'https://app.example.com/connections/callback/google',
    )
    expect(location.searchParams.get('code_challenge_method')).toBe('S256')
    const page = await textOf(browser.navigate(world.app, CONNECT, LINK))
    expect(page).toBe('/settings?connection=google&outcome=connected')
    const google = world.connections.get('ada', 'google')
    expect(await google.getState()).toMatchObject({ state: 'active', scope: 'openid calendar' })
    expect((await google.getAccessToken())?.value).toBeDefined()
    expect(world.connected).toMatchObject([{ owner: 'ada', name: 'google', scope: 'openid calendar' }])
    expect(JSON.stringify(world.connected)).not.toMatch(/_token"/)
  })

  it('receives a posted response, although cookies of the owner are not sent with it', async () => {
    const world = createConnectingApplication()
    const posting = world.startProcess({
      providers: { google: { ...world.client, responseMode: 'form_post' } },
    })
    const requests: string[] = []
    const app = async (request: Request) => {
      requests.push(`${request.method} ${new URL(request.url).search}`)
      return world.applicationOf(posting)(request)
    }
    const browser = await world.openBrowser('ada')
    const form = await textOf(browser.navigate(app, CONNECT, LINK))
    expect(await submitForm(app, browser, form)).toBe('/settings?connection=google&outcome=connected')
    expect(requests.some((request) => request.startsWith('POST '))).toBe(true)
    expect(requests.join('\n')).not.toMatch(/code=/)
    expect(await posting.get('ada', 'google').getState()).toMatchObject({ state: 'active' })

    const callback = `${APP}/connections/callback/google`
    const post = (body: string) =>
      world.applicationOf(posting)(new Request(callback, { method: 'POST', body }))
    expect((await post('{}')).status).toBe(400)
    const forged = await browser.navigate(app, `${callback}?form=forged`)
    expect(forged.status).toBe(400)
  })

  it('keeps the label, so that one owner connects two accounts', async () => {
    const { app, openBrowser, connections, authorizationServer } = createConnectingApplication()
    const browser = await openBrowser('ada')
    await browser.navigate(app, connections.get('ada', 'google').connectUrl(), LINK)
    authorizationServer.user = { sub: 'account-2' }
    await browser.navigate(app, connections.get('ada', 'google:a/b c').connectUrl(), LINK)
    const states = await connections.list('ada')
    expect(states.map(({ name, claims }) => [name, claims.sub])).toMatchObject([
      ['google', expect.any(String)],
      ['google:a/b c', 'account-2'],
    ])
  })

  it('asks for the configured, the granted and the requested scope, and keeps the record', async () => {
    const world = createConnectingApplication()
    const browser = await world.openBrowser('ada')
    const google = world.connections.get('ada', 'google')
    await browser.navigate(world.app, google.connectUrl({ scope: 'calendar files' }), LINK)
    expect(await google.missingScope('calendar files')).toBe('')
    const { location, callback } = await begin(world, browser, google.connectUrl({ scope: 'mail' }))
    expect(location.searchParams.get('scope')).toBe('openid calendar files mail')
    await browser.navigate(world.app, callback)
    expect(await google.getState()).toMatchObject({ scope: 'openid calendar files mail' })
    expect(ofType(world.events, 'connection_created')).toHaveLength(1)
  })

  it('refuses a browser without an owner, and begins nothing', async () => {
    const { app, openBrowser } = createConnectingApplication()
    const browser = await openBrowser('')
    const response = await browser.navigate(app, CONNECT, { ...LINK, redirect: 'manual' })
    expect([response.status, response.headers.get('set-cookie')]).toEqual([401, null])
    expect(await response.text()).toContain('no_session')
  })

  it('asks the user first if a link of another site has brought the browser', async () => {
    const { app, openBrowser, connections } = createConnectingApplication()
    const browser = await openBrowser('ada')
    const page = await browser.navigate(app, CONNECT, { initiator: 'https://evil.example' })
    expect([page.status, page.headers.get('set-cookie')]).toEqual([200, null])
    const [, href = ''] = /href="([^"]*)"/.exec(await page.text()) ?? []
    const target = new URL(href.replaceAll('&#38;', '&'), `https://app.example.com${CONNECT}`)
    await browser.navigate(app, target, LINK)
    expect((await connections.get('ada', 'google').getState()).state).toBe('active')
  })

  it('does not start for an image, a frame of another site, or a page that is fetched ahead', async () => {
    const { connections } = createConnectingApplication()
    const send = (headers: Record<string, string>) =>
      connections.route(new Request(`https://app.example.com${CONNECT}`, { headers }))
    const image = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' }
    const frame = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' }
    expect((await send(image))?.status).toBe(400)
    expect((await send(frame))?.status).toBe(400)
    expect((await send({ 'sec-purpose': 'prefetch', cookie: 'user=ada' }))?.status).toBe(503)
  })

  it('returns only to paths of the application', async () => {
    const { app, openBrowser } = createConnectingApplication()
    const browser = await openBrowser('ada')
    for (const returnTo of ['https://evil.example/', '//evil.example', '/\\evil.example'])
      expect(
        await textOf(browser.navigate(app, `/connections/google/connect?returnTo=${returnTo}`, LINK)),
      ).toBe('/?connection=google&outcome=connected')
  })

  it('reports a malformed scope, and a provider that cannot be reached, as `failed`', async () => {
    const { app, openBrowser, events, authorizationServer } = createConnectingApplication()
    const browser = await openBrowser('ada')
    const failed = '/settings?connection=google&outcome=failed'
    expect(await textOf(browser.navigate(app, `${CONNECT}&scope=%22%0A`, LINK))).toBe(failed)
    authorizationServer.script('discovery', { type: 'status', status: 503 })
    expect(await textOf(browser.navigate(app, CONNECT, LINK))).toBe(failed)
    expect(ofType(events, 'connect_failed')).toMatchObject([
      { provider: 'google', code: 'login_request_invalid' },
      { provider: 'google', code: 'authorization_server_unavailable' },
    ])
  })
})

describe('the callback', () => {
  it('refuses another owner in the same browser, and the owner can still finish', async () => {
    const world = createConnectingApplication()
    const browser = await world.openBrowser('ada')
    const { callback } = await begin(world, browser)
    await browser.navigate(world.app, '/as/bob')
    const refused = await browser.navigate(world.app, callback)
    expect([refused.status, await refused.text()]).toMatchObject([
      400,
      expect.stringContaining('login_transaction_invalid'),
    ])
    expect(await world.connections.list('bob')).toEqual([])
    expect(world.authorizationServer.counts.token).toBe(0)
    await browser.navigate(world.app, '/as/ada')
    expect(await textOf(browser.navigate(world.app, callback))).toContain('outcome=connected')
  })

  it('refuses another browser, also of the same owner', async () => {
    const world = createConnectingApplication()
    const { callback } = await begin(world, await world.openBrowser('ada'))
    for (const user of ['ada', 'bob', '']) {
      const other = await world.openBrowser(user)
      const response = await other.navigate(world.app, callback, LINK)
      expect(response.status).toBe(400)
    }
    expect(world.authorizationServer.counts.token).toBe(0)
  })

  it('is accepted once, by all processes together', async () => {
    const world = createConnectingApplication()
    const browser = await world.openBrowser('ada')
    const { callback } = await begin(world, browser)
    const before = browser.snapshot()
    expect(await textOf(browser.navigate(world.app, callback))).toContain('outcome=connected')
    for (const app of [world.app, world.applicationOf(world.startProcess())])
      expect((await browser.navigate(app, callback, { cookies: before })).status).toBe(400)
    expect(world.authorizationServer.counts.token).toBe(1)
  })

  it('sends the code once if the user reloads the page meanwhile', async () => {
    const world = createConnectingApplication()
    const browser = await world.openBrowser('ada')
    const { callback } = await begin(world, browser)
    const pages = await Promise.all([1, 2].map(() => textOf(browser.navigate(world.app, callback))))
    expect(pages).toEqual(Array.from({ length: 2 }, () => '/settings?connection=google&outcome=connected'))
    expect(world.authorizationServer.counts.token).toBe(1)
  })

  it('belongs to one provider, and to one client of it', async () => {
    const world = createConnectingApplication()
    const browser = await world.openBrowser('ada')
    const { callback } = await begin(world, browser)
    const elsewhere = callback.replace('/callback/google', '/callback/other')
    expect((await browser.navigate(world.app, elsewhere)).status).toBe(400)
    const google = { ...world.client, clientId: 'another-client' }
    const changed = world.applicationOf(world.startProcess({ providers: { google } }))
    expect(await textOf(browser.navigate(changed, callback))).toContain('outcome=failed')
    expect(world.authorizationServer.counts.token).toBe(0)
  })

  it('expires after 15 minutes', async () => {
    const world = createConnectingApplication()
    const browser = await world.openBrowser('ada')
    const { callback } = await begin(world, browser)
    await world.clock.advance(901_000)
    expect((await browser.navigate(world.app, callback)).status).toBe(400)
  })

  it('keeps the earlier grant if the user declines, or consents with another account', async () => {
    const world = createConnectingApplication()
    const { app, authorizationServer, events } = world
    const browser = await world.openBrowser('ada')
    await browser.navigate(app, CONNECT, LINK)
    const google = world.connections.get('ada', 'google')
    const token = (await google.getAccessToken())?.value
    const { callback } = await begin(world, browser)
    const declined = new URL(callback)
    declined.searchParams.delete('code')
    declined.searchParams.set('error', 'access_denied')
    expect(await textOf(browser.navigate(app, declined))).toContain('connection=google&outcome=denied')
    authorizationServer.user = { sub: 'account-2' }
    expect(await textOf(browser.navigate(app, CONNECT, LINK))).toContain('outcome=account_mismatch')
    expect(ofType(events, 'connect_failed').map(({ code }) => code)).toEqual([
      'access_denied',
      'account_mismatch',
    ])
    expect((await google.getState()).state).toBe('active')
    expect((await google.getAccessToken())?.value).toBe(token)
    // A revocation could end the grant of another owner who has connected the second account.
    expect(authorizationServer.counts.revoke).toBe(0)
  })

  it('makes a connection work again whose grant was refused', async () => {
    const recovered: unknown[] = []
    const world = createConnectingApplication()
    const connections = world.startProcess({ onRecovered: (each: unknown) => void recovered.push(each) })
    const app = world.applicationOf(connections)
    const browser = await world.openBrowser('ada')
    await browser.navigate(app, CONNECT, LINK)
    const google = connections.get('ada', 'google')
    const state = await google.getState()
    world.authorizationServer.grants.end((state as { claims: { sub: string } }).claims.sub)
    await world.clock.advance(301_000)
    expect(await google.getAccessToken()).toBeUndefined()
    expect(await textOf(browser.navigate(app, CONNECT, LINK))).toContain('outcome=connected')
    expect(recovered).toEqual([{ owner: 'ada', name: 'google' }])
    expect(await google.getAccessToken()).toBeDefined()
  })

  it('keeps the connection if `onConnected` fails, and reports a failed `ownerFrom`', async () => {
    const world = createConnectingApplication()
    const fail = () => {
      throw new Error('of the application')
    }
    const google = { ...world.client, onConnected: fail }
    const other = { ...world.client, ownerFrom: fail }
    const connections = world.startProcess({ providers: { google, other } })
    const app = world.applicationOf(connections)
    const browser = await world.openBrowser('ada')
    expect(await textOf(browser.navigate(app, CONNECT, LINK))).toContain('outcome=connected')
    expect(ofType(world.events, 'connection_hook_failed')).toHaveLength(1)
    await expect(browser.navigate(app, '/connections/other/connect', LINK)).rejects.toThrow(
      'of the application',
    )
    expect(ofType(world.events, 'connect_failed')).toMatchObject([{ provider: 'other', code: 'hook_failed' }])
  })
})

describe('a provider whose token response names the owner', () => {
  const ownerFrom = ({ team }: Record<string, unknown>) => (team as { id: string }).id
  const tokenResponse = { team: { id: 'T1' } }

  it('needs no owner at the browser, and accepts another administrator later', async () => {
    const world = createConnectingApplication({ tokenResponse })
    const other = { ...world.client, ownerFrom }
    const connections = world.startProcess({ owner: undefined, providers: { other } })
    const app = world.applicationOf(connections)
    const browser = await world.openBrowser('')
    expect(await textOf(browser.navigate(app, '/connections/other/connect', LINK))).toContain(
      'outcome=connected',
    )
    world.authorizationServer.user = { sub: 'another-administrator' }
    await browser.navigate(app, '/connections/other/connect', LINK)
    expect(await connections.get('T1', 'other').getState()).toMatchObject({
      state: 'active',
      claims: { sub: 'another-administrator' },
    })
    for (const [method, path] of [
      ['GET', '/connections'],
      ['POST', '/connections/other/disconnect'],
    ] as const)
      expect(connections.route(new Request(`https://app.example.com${path}`, { method }))).toBeUndefined()
  })

  it('needs a name in the response, and a provider that is no function', async () => {
    const world = createConnectingApplication({ tokenResponse: { team: { id: 7 } } })
    const other = { ...world.client, ownerFrom }
    const browser = await world.openBrowser('ada')
    const connect = (providers: object) =>
      textOf(
        browser.navigate(
          world.applicationOf(world.startProcess({ providers })),
          '/connections/other/connect',
          LINK,
        ),
      )
    expect(await connect({ other })).toContain('outcome=failed')
    expect(await connect({ other: () => other })).toContain('outcome=failed')
    expect(ofType(world.events, 'connect_failed').map(({ code }) => code)).toEqual([
      'invalid_option',
      'invalid_option',
    ])
    expect(await world.connections.list('ada')).toEqual([])
  })
})

describe('the other routes', () => {
  it('disconnect an account for a form or a call of the application, and revoke the grant', async () => {
    const { app, openBrowser, connections, authorizationServer } = createConnectingApplication()
    const browser = await openBrowser('ada')
    await browser.navigate(app, CONNECT, LINK)
    const path = '/connections/google/disconnect?returnTo=/settings'
    const foreign = await browser.navigate(app, path, { method: 'POST', initiator: 'https://evil.example' })
    expect(foreign.status).toBe(403)
    expect((await connections.get('ada', 'google').getState()).state).toBe('active')
    const form = browser.navigate(app, path, { ...LINK, method: 'POST' })
    expect(await textOf(form)).toBe('/settings?connection=google&outcome=disconnected')
    expect(await connections.get('ada', 'google').getState()).toEqual({ state: 'not_connected' })
    expect(authorizationServer.counts.revoke).toBe(1)
    await browser.navigate(app, CONNECT, LINK)
    const call = await browser.fetch(app, path, { method: 'POST' })
    expect(await call.json()).toEqual({ outcome: 'revoked' })
    const again = await browser.fetch(app, path, { method: 'POST' })
    expect(await again.json()).toEqual({ outcome: 'nothing_to_revoke' })
    const nobody = await openBrowser('')
    expect((await nobody.fetch(app, path, { method: 'POST' })).status).toBe(401)
  })

  it('list the states of the owner without tokens', async () => {
    const { app, openBrowser, connections } = createConnectingApplication()
    const browser = await openBrowser('ada')
    await browser.navigate(app, CONNECT, LINK)
    const token = await connections.get('ada', 'google').getAccessToken()
    const response = await browser.fetch(app, '/connections')
    const text = await response.text()
    expect(JSON.parse(text)).toMatchObject([{ name: 'google', state: 'active', scope: 'openid calendar' }])
    expect(text).not.toContain(token?.value)
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect((await (await openBrowser('')).fetch(app, '/connections')).status).toBe(401)
    expect(await (await (await openBrowser('bob')).fetch(app, '/connections/')).json()).toEqual([])
    const headers = { cookie: 'user=ada', 'sec-fetch-site': 'cross-site' }
    const forged = connections.route(new Request('https://app.example.com/connections', { headers }))
    expect((await forged)?.status).toBe(403)
  })

  it('leave all other paths to the application, and refuse other methods', async () => {
    const { connections, startProcess, client } = createConnectingApplication()
    const route = (path: string, method = 'GET') =>
      connections.route(new Request(`https://app.example.com${path}`, { method }))
    for (const path of [
      '/',
      '/connectionsx',
      '/connections/google',
      '/connections/unknown/connect',
      '/connections/callback/unknown',
      '/connections/constructor/connect',
      '/connections/google:/connect',
      '/connections/%E0%A4%A/connect',
      '/connections/google/connect/more',
      '/connections/google/else',
    ])
      expect(route(path), path).toBeUndefined()
    expect((await route('/connections/google/connect', 'POST'))?.status).toBe(405)
    expect((await route('/connections/google/disconnect'))?.headers.get('allow')).toBe('POST')
    const without = startProcess({ owner: undefined, providers: { google: client } })
    for (const path of ['/connections', CONNECT, '/connections/callback/google'])
      expect(without.route(new Request(`https://app.example.com${path}`))).toBeUndefined()
  })

  it('refuse an owner that is not a name', async () => {
    const { startProcess } = createConnectingApplication()
    for (const owner of ['', 7, null, {}]) {
      const connections = startProcess({ owner: () => owner })
      const response = await connections.route(new Request('https://app.example.com/connections'))
      expect([response?.status, await response?.json()]).toMatchObject([500, { code: 'invalid_option' }])
    }
  })
})

describe.each(['Lax', 'Strict'] as const)('with `auth` and a %s cookie', (sameSite) => {
  it('the owner is the signed-in user', async () => {
    const issuer = 'https://provider.test' // another site than the application
    const { clock, authorizationServer, client, store } = createConnectingApplication({ issuer })
    const { scope: _, ...registration } = client
    const auth = evertoken({
      ...registration,
      encryptionSecret: SECRET,
      baseUrl: APP,
      sameSite,
      store: { ...store, outlivesProcess: true },
      fetch: authorizationServer.fetch,
      clock,
    })
    const connections = createConnections({ auth, providers: { google: client } })
    const handle = auth.handler(
      async (request) =>
        (await connections.route(request)) ?? new Response(request.url.slice(APP.length), { status: 200 }),
    )
    const browser = createBrowser({ baseUrl: APP, clock, authorizationServer })
    expect((await browser.navigate(handle, CONNECT, LINK)).status).toBe(401)
    await browser.signIn(handle, { user: 'ada' })
    const { callback } = await begin({ app: handle, authorizationServer }, browser)
    // The page of the authorization server, where the user has consented, opens the callback.
    let page = await browser.navigate(handle, callback, { initiator: authorizationServer.issuer })
    const next = page.headers.get('refresh')?.replace('0;url=', '')
    expect(next === undefined).toBe(sameSite === 'Lax')
    if (next !== undefined) page = await browser.navigate(handle, next, LINK)
    expect(await page.text()).toBe('/settings?connection=google&outcome=connected')
    expect((await connections.get('ada', 'google').getState()).state).toBe('active')
    const current = await browser.fetch(
      auth.handler(async () => Response.json((await connections.current('google').getState()).state)),
      '/',
    )
    expect(await current.json()).toBe('active')
  })
})

it('with `auth` and `owner`, the routes and `current()` use the same owner', async () => {
  const { clock, authorizationServer, client, store } = createConnectingApplication()
  const { scope: _, ...registration } = client
  const auth = evertoken({
    ...registration,
    encryptionSecret: SECRET,
    baseUrl: APP,
    store: { ...store, outlivesProcess: true },
    fetch: authorizationServer.fetch,
    clock,
  })
  const connections = createConnections({
    auth,
    owner: async (request) => `tenant of ${(await auth.session(request).getUser())?.sub}`,
    providers: { google: client },
  })
  const handle = auth.handler(
    async (request) =>
      (await connections.route(request)) ??
      Response.json((await connections.current('google').getState()).state),
  )
  const browser = createBrowser({ baseUrl: APP, clock, authorizationServer })
  await browser.signIn(handle, { user: 'ada' })
  expect(await (await browser.navigate(handle, CONNECT, LINK)).json()).toBe('active')
  expect((await connections.list('tenant of ada')).map(({ name }) => name)).toEqual(['google'])
})
