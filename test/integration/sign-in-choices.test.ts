import { createMemoryStore, type EvertokenEvent } from '@evertoken/core'
import { fapi2 } from '@evertoken/core/fapi'
import { signInChoices } from '@evertoken/core/tenants'
import { evertoken, type RegistrationsOptions } from '@evertoken/node'
import { type Browser, createBrowser } from '@evertoken/testkit'
import { describe, expect, it } from 'vitest'
import { kinds, origin } from './application.ts'
import { createServers, registrationAt, SECRET } from './registrations.ts'

function createChoices(overrides: Partial<RegistrationsOptions> = {}) {
  const servers = createServers()
  const { a, b, clock, fetch } = servers
  const events: EvertokenEvent[] = []
  const registrations = signInChoices({
    google: registrationAt(a),
    microsoft: { ...registrationAt(b), scope: 'openid b' },
    // The same client as above, with another scope.
    staff: { ...registrationAt(b), scope: 'openid staff' },
  })
  const auth = evertoken({
    registrations,
    encryptionSecret: SECRET,
    store: { ...createMemoryStore({ clock }), outlivesProcess: true },
    clock,
    fetch,
    onEvent: (event) => events.push(event),
    ...overrides,
  })
  const app = auth.handler(async () => {
    const [token, user, session] = [
      await auth.getUserAccessToken(),
      await auth.getUser(),
      await auth.getSession(),
    ]
    return Response.json({
      token: token?.value,
      sub: user?.sub,
      iss: user?.['iss'],
      name: session?.registration,
      id: session?.id,
    })
  })
  const browser = createBrowser({ baseUrl: origin, clock, authorizationServer: { fetch } })
  const get = async (of: Browser = browser) =>
    (await (await of.fetch(app, '/')).json()) as Readonly<
      Record<'token' | 'sub' | 'iss' | 'name' | 'id', string>
    >
  const signIn = (name: string, user = 'user-1') =>
    browser.signIn(app, { loginUrl: `/auth/login/${name}`, user })
  /** Starts a login, and returns a function that brings its response from the site of the server. */
  async function begin(name: string) {
    const login = await browser.navigate(app, `/auth/login/${name}`, { redirect: 'manual' })
    const location = new URL(login.headers.get('location') ?? '')
    const isPosted = location.searchParams.get('response_mode') === 'form_post'
    location.searchParams.delete('response_mode')
    const redirect = await fetch(location, { redirect: 'manual' })
    const { pathname, search, searchParams } = new URL(redirect.headers.get('location') ?? '')
    const initiator = location.origin
    return () =>
      isPosted
        ? browser.navigate(app, pathname, { method: 'POST', body: searchParams, initiator })
        : browser.navigate(app, pathname + search, { initiator })
  }
  return { ...servers, auth, app, events, browser, get, signIn, begin }
}

describe.each(kinds)('choices for the sign-in with %s sessions', (session) => {
  it('each has its login route and its callback, and the session knows its registration', async () => {
    const seen: unknown[] = []
    const onSignIn = (_claims: object, { registration }: { readonly registration?: string }) =>
      void seen.push(registration)
    const { a, b, clock, get, signIn } = createChoices({ session, onSignIn })
    for (const [name, server] of [
      ['google', a],
      ['microsoft', b],
    ] as const) {
      await signIn(name, name)
      expect(await get()).toMatchObject({ sub: name, iss: server.issuer, name })
      const { url } = server.log.find(({ kind }) => kind === 'authorize') as { url: URL }
      expect(url.searchParams.get('redirect_uri')).toBe(`${origin}/auth/callback/${name}`)
      await clock.advance(601_000)
      const { token } = await get()
      expect([server.introspect(token).sub, server.counts.refresh]).toEqual([name, 1])
    }
    expect(new Set(seen)).toEqual(new Set(['google', 'microsoft']))
    expect(seen.slice(0, 2)).toEqual(['google', 'google'])
  })

  it('a sign-in replaces the session of the other registration', async () => {
    const { events, browser, app, get, signIn } = createChoices({ session })
    await signIn('google')
    await signIn('microsoft')
    expect(browser.cookie.split('; ').filter((each) => !each.includes('.login.'))).toHaveLength(1)
    expect(events.filter(({ type }) => type === 'session_ended')).toMatchObject([{ reason: 'replaced' }])
    const { logoutUrl } = (await (await browser.fetch(app, '/auth/user')).json()) as { logoutUrl: string }
    const response = await browser.navigate(app, logoutUrl, { redirect: 'manual' })
    expect(new URL(response.headers.get('location') ?? '').origin).toBe('https://b.login.example')
    expect(await get()).toEqual({})
  })

  it('a cookie with the name of the other registration is no session of it', async () => {
    const { app, browser, signIn, a, b, auth } = createChoices({ session })
    await signIn('google')
    const [server] = [b, a]
    server.resetCounts()
    for (const tag of ['microsoft~', 'constructor~', '~', '']) {
      const cookie = browser.cookie.replace('google~', tag)
      const user = await auth.session(new Request(origin, { headers: { cookie } })).getUser()
      expect(user).toBeUndefined()
      const response = await app(new Request(origin, { headers: { cookie } }))
      expect(await response.json()).toEqual({})
    }
    expect(b.log).toEqual([])
  })

  it('a browser cannot move a session to another registration of the same client', async () => {
    const { app, browser, signIn, auth, events } = createChoices({ session })
    await signIn('microsoft')
    const cookie = browser.cookie.replace('microsoft~', 'staff~')
    expect(cookie).toContain('staff~')
    const response = await app(new Request(origin, { headers: { cookie } }))
    expect(await response.json()).toEqual({})
    expect(await auth.session(new Request(origin, { headers: { cookie } })).getUser()).toBeUndefined()
    expect(events).toContainEqual({ type: 'session_rejected', reason: 'unknown_key' })
  })

  it('a path without a route does not change the registration of the application', async () => {
    const { app, browser, signIn } = createChoices({ session })
    await signIn('microsoft')
    for (const channel of ['back', 'front']) {
      const response = await browser.fetch(app, `/auth/${channel}-channel-logout/google`)
      expect(await response.json()).toMatchObject({ name: 'microsoft', token: expect.any(String) as string })
    }
  })

  it.each([{ sameSite: 'Strict' }, { responseMode: 'form_post' }] as const)(
    'a sign-in with %o replaces the session of another registration, which the callback does not see',
    async (options) => {
      const indexed = session === 'cookie' ? { indexSessions: true } : {}
      const { app, events, browser, clock, get, begin } = createChoices({ session, ...options, ...indexed })
      for (const [from, to] of [
        ['google', 'microsoft'],
        ['microsoft', 'staff'],
      ] as const) {
        await (
          await begin(from)
        )()
        const { cookie } = browser
        await clock.advance(60_000)
        events.length = 0
        const finish = await begin(to)
        // Until the sign-in completes, the session continues.
        expect((await get()).name).toBe(from)
        await finish()
        expect((await get()).name).toBe(to)
        expect(events.filter(({ type }) => type === 'session_ended')).toMatchObject([{ reason: 'replaced' }])
        const old = await app(new Request(origin, { headers: { cookie } }))
        expect(await old.json()).toEqual({})
      }
    },
  )

  it('refuses a response of one server at the callback of the other (RFC 9700 §4.4)', async () => {
    const { a, b, app, browser } = createChoices({ session })
    const start = await browser.navigate(app, '/auth/login/google', { redirect: 'manual' })
    const location = new URL(start.headers.get('location') ?? '')
    const state = location.searchParams.get('state') ?? ''
    const issued = await a.fetch(location, { redirect: 'manual' })
    const code = new URL(issued.headers.get('location') ?? '').searchParams.get('code') ?? ''
    const send = async (name: string, iss: string) =>
      (
        (await (
          await browser.fetch(app, `/auth/callback/${name}?${new URLSearchParams({ state, code, iss })}`)
        ).json()) as { code: string }
      ).code
    expect(await send('microsoft', a.issuer)).toBe('login_transaction_invalid')
    expect(await send('microsoft', b.issuer)).toBe('login_transaction_invalid')
    expect(await send('google', b.issuer)).toBe('authorization_response_invalid')
    expect([a.counts.token, b.counts.token]).toEqual([0, 0])
  })
})

describe('choices for the sign-in', () => {
  it('`/auth/login` shows links that keep the query', async () => {
    const { app, browser, auth } = createChoices()
    const response = await browser.navigate(app, '/auth/login?returnTo=/"><script>')
    const text = await response.text()
    expect([...text.matchAll(/href="([^"]*)"/g)].map(([, href]) => href)).toEqual([
      '/auth/login/google?returnTo=/%22%3E%3Cscript%3E',
      '/auth/login/microsoft?returnTo=/%22%3E%3Cscript%3E',
      '/auth/login/staff?returnTo=/%22%3E%3Cscript%3E',
    ])
    expect((await browser.fetch(app, '/auth/login', { method: 'POST' })).status).toBe(405)
    expect((await auth.route(new Request(`${origin}/auth/login`)))?.status).toBe(200)
    expect(auth.route(new Request(`${origin}/auth/settings/google`))).toBeUndefined()
    expect(await (await browser.fetch(app, '/auth/login/other')).json()).toEqual({})
  })

  it('a failed sign-in links to the same registration', async () => {
    const { app, browser } = createChoices()
    const page = await browser.navigate(app, '/auth/callback/microsoft?state=x&code=y')
    expect(await page.text()).toContain('href="/auth/login/microsoft"')
  })

  it('`redirectToLogin` uses the registration of the session, or the one that is named', async () => {
    const { auth, browser, signIn } = createChoices()
    await signIn('microsoft')
    const login = (registration?: string) =>
      browser.navigate(
        auth.handler(() => auth.redirectToLogin({ ...(registration !== undefined && { registration }) })),
        '/',
        { redirect: 'manual' },
      )
    const hosts = [await login(), await login('google'), await login('microsoft')].map(
      ({ headers }) => new URL(headers.get('location') ?? '').host,
    )
    expect(hosts).toEqual(['b.login.example', 'a.login.example', 'b.login.example'])
    await expect(login('other')).rejects.toMatchObject({ code: 'invalid_option' })
  })

  it('a job finds the session by its ID', async () => {
    const { auth, clock, get, signIn } = createChoices({ session: 'server' })
    await signIn('microsoft')
    const { id } = await get()
    await clock.advance(601_000)
    expect(await auth.sessionById(id).getUser()).toMatchObject({ sub: 'user-1' })
    expect((await auth.sessionById(id).getSession())?.registration).toBe('microsoft')
    // Another registration cannot decrypt the session.
    await expect(auth.sessionById(id.replace('microsoft', 'google')).getUser()).rejects.toMatchObject({
      code: 'store_record_unreadable',
    })
    await expect(auth.sessionById('x.other').getUser()).rejects.toMatchObject({ code: 'tenant_unknown' })
  })

  it('a logout token arrives at the route of its registration', async () => {
    const { a, app, browser, get, signIn } = createChoices({ session: 'server', backChannelLogout: true })
    await signIn('google')
    const body = new URLSearchParams({ logout_token: await a.logoutToken({ sub: 'user-1' }) })
    const post = (name: string) =>
      browser.fetch(app, `/auth/back-channel-logout/${name}`, { method: 'POST', body })
    expect((await post('microsoft')).status).toBe(400)
    expect((await get()).sub).toBe('user-1')
    expect((await post('google')).status).toBe(200)
    expect((await get()).sub).toBeUndefined()
  })

  it('a large session in a cookie fits, with the name in front', async () => {
    const onSignIn = () => ({ sub: 'user-1', text: 'x'.repeat(2500) })
    const { get, signIn, browser, clock } = createChoices({ onSignIn })
    await signIn('google')
    await clock.advance(601_000)
    expect((await get()).name).toBe('google')
    expect(browser.cookie).toMatch(/=~2~google~/)
  })

  it('`check` checks all servers, and invalid options are refused at the start', async () => {
    const { auth, a, b } = createChoices()
    await auth.check()
    expect([a.counts.discovery, b.counts.discovery]).toEqual([1, 2])
    const create =
      (choices: unknown, options: object = {}) =>
      () =>
        evertoken({ registrations: signInChoices(choices as never), encryptionSecret: SECRET, ...options })
    const google = registrationAt(a)
    expect(create({})).toThrow('must contain a registration')
    expect(create(undefined)).toThrow('options of `registrations` are missing')
    expect(create({ 'a/b': google })).toThrow('names of letters')
    expect(create({ google: { ...google, encryptionSecret: 'x' } })).toThrow(
      'Unknown option `encryptionSecret`',
    )
    expect(create({ google: { ...google, scope: '' } })).toThrow('`scope`')
    expect(create({ google: { ...google, clientAuthentication: 'none' } })).toThrow('`clientSecret`')
    expect(create({ google }, { clientId: 'x' })).toThrow('`clientId` is in each of the `registrations`')
    const { privateKey } = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
      'sign',
      'verify',
    ])
    const key = { key: privateKey, keyId: 'key-1', algorithm: 'ES256' } as const
    // Each registration brings the `fetch` that the profile needs.
    const profile = fapi2({ key, senderConstraint: 'mtls' })
    const { issuer, clientId } = google
    expect(create({ google: { issuer, clientId, fetch } }, { profile })).not.toThrow()
    expect(create({ google: { issuer, clientId } }, { profile })).toThrow('`fetch` is missing')
    expect(create({ google }, { scoope: 'x' })).toThrow('Did you mean `scope`')
    expect(() => evertoken({ registrations: {} as never, encryptionSecret: SECRET })).toThrow(
      '`registrations` must be',
    )
  })
})
