import { createMemoryStore } from '@evertoken/core'
import { signInChoices } from '@evertoken/core/tenants'
import { evertoken } from '@evertoken/node'
import { createConnections } from '@evertoken/node/connections'
import { type Browser, createBrowser } from '@evertoken/testkit'
import { expect, it } from 'vitest'
import { APP, LINK } from './connecting-browser.ts'
import { createServers, createTenantWorld, registrationAt, SECRET } from './registrations.ts'

const CONNECT = '/connections/drive/connect?returnTo=/'

/** `sub` is unique only at one server. */
const ownerOf =
  (auth: Pick<ReturnType<typeof evertoken>, 'session'>) =>
  async (request: Request): Promise<string | undefined> => {
    const user = await auth.session(request).getUser()
    return user && `${String(user['iss'])} ${user.sub}`
  }

/** An application where users of two servers connect a drive. Both users are `ada` at their server. */
function createWorld() {
  const { a, b, clock, fetch } = createServers()
  const store = { ...createMemoryStore({ clock }), outlivesProcess: true }
  const auth = evertoken({
    registrations: signInChoices({ google: registrationAt(a), microsoft: registrationAt(b) }),
    encryptionSecret: SECRET,
    baseUrl: APP,
    session: 'server',
    store,
    clock,
    fetch,
  })
  const providers = { drive: registrationAt(a) }
  const connections = createConnections({ auth, owner: ownerOf(auth), providers })
  const drive = connections.current('drive')
  const app = auth.handler(
    async (request) =>
      (await connections.route(request)) ??
      Response.json([(await drive.getState()).state, (await drive.getAccessToken())?.value]),
  )
  const openBrowser = () => createBrowser({ baseUrl: APP, clock, authorizationServer: { fetch } })
  async function signIn(name: string, browser = openBrowser()): Promise<Browser> {
    await browser.signIn(app, { loginUrl: `/auth/login/${name}`, user: 'ada' })
    return browser
  }
  const show = async (browser: Browser, path = '/') =>
    (await browser.navigate(app, path, LINK)).json() as Promise<unknown>
  return { a, b, store, clock, fetch, providers, connections, app, signIn, show }
}

it('keeps the connections of two users apart who have the same `sub` at two servers', async () => {
  const { a, b, connections, signIn, show } = createWorld()
  const [ofGoogle, ofMicrosoft] = [await signIn('google'), await signIn('microsoft')]
  const active = ['active', expect.any(String)]
  const google = await show(ofGoogle, CONNECT)
  expect(google).toEqual(active)
  expect(await show(ofMicrosoft)).toEqual(['not_connected', null])
  expect(await show(ofMicrosoft, '/connections')).toEqual([])
  const microsoft = await show(ofMicrosoft, CONNECT)
  expect(microsoft).toEqual(active)
  expect(microsoft).not.toEqual(google)

  await connections.disconnectAll(`${b.issuer} ada`)
  expect(await show(ofMicrosoft)).toEqual(['not_connected', null])
  expect(await show(ofGoogle)).toEqual(google)
  expect((await connections.list(`${a.issuer} ada`)).map(({ name }) => name)).toEqual(['drive'])
})

it('refuses to finish as a user with the same `sub` at another server', async () => {
  const { a, app, fetch, connections, signIn, show } = createWorld()
  const browser = await signIn('google')
  const begun = await browser.navigate(app, CONNECT, { ...LINK, redirect: 'manual' })
  const redirect = await fetch(begun.headers.get('location') ?? '', { redirect: 'manual' })
  await signIn('microsoft', browser)
  const refused = await browser.navigate(app, redirect.headers.get('location') ?? '', LINK)
  expect(refused.status).toBe(400)
  expect(await show(browser)).toEqual(['not_connected', null])
  expect(await connections.list(`${a.issuer} ada`)).toEqual([])
})

it('shares the connections with a program without sessions', async () => {
  const { a, store, clock, fetch, providers, signIn, show } = createWorld()
  await show(await signIn('google'), CONNECT)
  const ofJob = createConnections({ encryptionSecret: SECRET, store, clock, fetch, providers })
  expect(await ofJob.get(`${a.issuer} ada`, 'drive').getState()).toMatchObject({ state: 'active' })
})

it.each(['keeps', 'strips'])(
  'has routes at the path of each tenant, if a reverse proxy %s it',
  async (what) => {
    const { a, b, auth, table, browser } = createTenantWorld({
      nameOf: (request) => request.headers.get('x-tenant') ?? undefined,
    })
    table.clear()
    for (const [name, server] of [
      ['acme', a],
      ['globex', b],
    ] as const)
      table.set(name, { ...registrationAt(server), baseUrl: `https://example.com/t/${name}` })
    const connections = createConnections({
      auth,
      owner: ownerOf(auth),
      providers: { drive: registrationAt(a) },
    })
    const drive = connections.current('drive')
    const handle = auth.handler(
      async (request) =>
        (await connections.route(request)) ??
        Response.json({
          path: new URL(request.url).pathname,
          state: (await drive.getState()).state,
          url: drive.connectUrl({ returnTo: '/x' }),
        }),
    )
    const app = (request: Request) => {
      const url = new URL(request.url)
      const [, name = ''] = /^\/t\/(\w+)(?=\/)/.exec(url.pathname) ?? []
      if (what === 'strips') url.pathname = url.pathname.slice(`/t/${name}`.length)
      const passed = new Request(url, request)
      passed.headers.set('x-tenant', name)
      return handle(passed)
    }
    // One browser, so that the cookies of both tenants are sent to both.
    const ada = browser('example.com')
    const link = { initiator: 'https://example.com' }
    const show = async (path: string) => (await ada.navigate(app, path, link)).json() as Promise<unknown>
    for (const name of table.keys()) {
      const home = `/t/${name}`
      await ada.signIn(app, { loginUrl: `${home}/auth/login`, user: 'ada' })
      const url = `${home}/connections/drive/connect?returnTo=%2Fx`
      const passOn = (path: string) => (what === 'strips' ? path.slice(home.length) : path)
      expect(await show(`${home}/`)).toEqual({ path: passOn(`${home}/`), state: 'not_connected', url })
      // The browser does not return to a page of another tenant.
      for (const [returnTo, destination] of [
        [`${home}/settings`, `${home}/settings`],
        ['/t/other/settings', `${home}/`],
      ] as const) {
        const response = await ada.navigate(
          app,
          `${home}/connections/drive/connect?returnTo=${returnTo}`,
          link,
        )
        expect(await response.json()).toMatchObject({ path: passOn(destination), state: 'active' })
        const { url: asked } = a.log.findLast(({ kind }) => kind === 'authorize') as { readonly url: URL }
        const redirectUri = asked.searchParams.get('redirect_uri') ?? ''
        expect(redirectUri).toBe(`https://example.com${home}/connections/callback/drive`)
      }
      expect(await show(`${home}/connections`)).toMatchObject([{ name: 'drive', state: 'active' }])
      expect((await ada.navigate(app, '/connections/drive/connect', link)).status).toBe(404)
    }
    for (const { issuer } of [a, b])
      expect((await connections.list(`${issuer} ada`)).map(({ name }) => name)).toEqual(['drive'])

    // An attempt that began at one tenant does not end at another one.
    const path = '/t/acme/connections/drive/connect'
    const begun = await ada.navigate(app, path, { ...link, redirect: 'manual' })
    const redirect = await a.fetch(begun.headers.get('location') ?? '', { redirect: 'manual' })
    const { search } = new URL(redirect.headers.get('location') ?? '')
    const other = await ada.navigate(app, `/t/globex/connections/callback/drive${search}`, link)
    expect(other.status).toBe(400)
  },
)

it('has routes at the address of each tenant', async () => {
  const { a, b, auth, table, browser } = createTenantWorld()
  for (const [host, registration] of table) table.set(host, { ...registration, baseUrl: `https://${host}` })
  const providers = { drive: registrationAt(a) }
  const connections = createConnections({ auth, owner: ownerOf(auth), providers })
  const drive = connections.current('drive')
  const handle = auth.handler(
    async (request) => (await connections.route(request)) ?? Response.json(await drive.getState()),
  )
  // Behind a reverse proxy that ends TLS, only `baseUrl` shows the address.
  const app = (request: Request) => handle(new Request(request.url.replace('https:', 'http:'), request))
  for (const host of table.keys()) {
    const ada = browser(host)
    await ada.signIn(app, { user: 'ada' })
    expect(await (await ada.navigate(app, '/')).json()).toEqual({ state: 'not_connected' })
    const link = { initiator: `https://${host}` }
    expect(await (await ada.navigate(app, CONNECT, link)).json()).toMatchObject({ state: 'active' })
    const { url } = a.log.findLast(({ kind }) => kind === 'authorize') as { readonly url: URL }
    expect(url.searchParams.get('redirect_uri')).toBe(`https://${host}/connections/callback/drive`)
  }
  for (const { issuer } of [a, b])
    expect((await connections.list(`${issuer} ada`)).map(({ name }) => name)).toEqual(['drive'])
})
