import { isEvertokenError, type EvertokenError } from '@evertoken/core'
import { pauseAfterProcessing } from '@evertoken/testkit'
import { describe, expect, it } from 'vitest'
import { cookieNameFor } from '../../packages/core/src/rules/sessions/cookies.ts'
import { kinds } from './application.ts'
import { createTenantWorld, registrationAt, type TenantWorld } from './registrations.ts'
import { idle } from './steps.ts'

const A = 'a.app.example'
const B = 'b.app.example'

/** Responds with the token, the user and the name of the registration of the current session. */
function answer({ auth }: Pick<TenantWorld, 'auth'>) {
  return auth.handler(async () => {
    const token = await auth.getUserAccessToken()
    const [user, session] = [await auth.getUser(), await auth.getSession()]
    return Response.json({
      token: token?.value,
      sub: user?.sub,
      name: session?.registration,
      id: session?.id,
    })
  })
}

async function signIn(world: TenantWorld, host: string, user = 'user-1') {
  const browser = world.browser(host)
  await browser.signIn(world.auth.handler(), { user })
  const get = async (app = answer(world)) =>
    (await (await browser.fetch(app, '/')).json()) as Readonly<
      Record<'token' | 'sub' | 'name' | 'id', string>
    >
  return { browser, get }
}

/** Anyone who can choose the name of a tenant can find such names. */
function namesWithOneHash(): [string, string] {
  const seen = new Map<string, string>()
  for (let i = 0; ; i++) {
    const [name, cookie] = [`tenant-${i}`, cookieNameFor('', `tenant-${i}`)]
    const first = seen.get(cookie)
    if (first !== undefined) return [first, name]
    seen.set(cookie, name)
  }
}

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'none',
    (error: unknown) => (isEvertokenError(error) ? (error as EvertokenError).code : String(error)),
  )

describe.each(kinds)('tenants with %s sessions', (session) => {
  it('each signs in at its own server, with its own cookie', async () => {
    const world = createTenantWorld({ session })
    const [alice, bob] = [await signIn(world, A), await signIn(world, B)]
    const [ofA, ofB] = [await alice.get(), await bob.get()]
    expect([world.a.introspect(ofA.token).client_id, world.b.introspect(ofB.token).client_id]).toEqual([
      'client-a',
      'client-b',
    ])
    expect([ofA.name, ofB.name]).toEqual([A, B])
    const names = [alice, bob].map(({ browser }) => browser.cookie.split('=')[0])
    expect(new Set(names).size).toBe(2)
    // Sign-in and later requests of one tenant share a load.
    expect(world.loads).toEqual([A, B])
  })

  it('a session of one is useless under the name of another, also with its cookie name', async () => {
    const world = createTenantWorld({ session })
    // The same server and the same client, which no check of the registration could distinguish.
    world.table.set(B, registrationAt(world.a))
    const { browser } = await signIn(world, A)
    const own = await signIn(world, B)
    const [nameOfA = '', nameOfB = ''] = [browser, own.browser].map(({ cookie }) => cookie.split('=')[0])
    const cookie = browser.cookie.replaceAll(nameOfA, nameOfB)
    world.a.resetCounts()
    const response = await answer(world)(new Request(`https://${B}/`, { headers: { cookie } }))
    expect(await response.json()).toEqual({})
    expect(world.a.log).toEqual([])
    expect((await (await browser.fetch(answer(world), '/')).json()) as object).toMatchObject({ name: A })
  })

  it('two names with the same hash share the name of the cookie, and nothing else', async () => {
    const [one, other] = namesWithOneHash()
    let name = one
    const world = createTenantWorld({ session, nameOf: () => name })
    for (const each of [one, other]) world.table.set(each, registrationAt(world.a))
    const { get } = await signIn(world, A)
    expect((await get()).name).toBe(one)
    name = other
    expect(await get()).toEqual({})
  })

  it('40 calls on expired sessions of each of two tenants cost one refresh each', async () => {
    const world = createTenantWorld({ session })
    const [alice, bob] = [await signIn(world, A, 'alice'), await signIn(world, B, 'bob')]
    await world.clock.advance(601_000)
    const app = world.auth.handler(async () => {
      const calls = Array.from({ length: 40 }, () => world.auth.getUserAccessToken())
      return Response.json((await Promise.all(calls)).map((token) => token?.value))
    })
    const responses = await Promise.all(
      [alice, bob, alice, bob].map(({ browser }) => browser.fetch(app, '/')),
    )
    const values = (await Promise.all(responses.map((each) => each.json()))) as string[][]
    expect(values.map((each) => new Set(each).size)).toEqual([1, 1, 1, 1])
    const subs = [world.a.introspect(values[0]?.[0] ?? '').sub, world.b.introspect(values[1]?.[0] ?? '').sub]
    expect(subs).toEqual(['alice', 'bob'])
    expect([world.a.counts.refresh, world.b.counts.refresh]).toEqual([1, 1])
  })

  it('after a restart, another process finds the sessions by the name', async () => {
    const world = createTenantWorld({ session })
    const { get } = await signIn(world, A)
    const before = await get()
    const auth = world.restart()
    await world.clock.advance(601_000)
    const after = await get(answer({ auth }))
    expect(after).toMatchObject({ sub: 'user-1', name: A })
    expect(after.token).not.toBe(before.token)
    expect(world.a.counts.refresh).toBe(1)
  })
})

describe('a tenant', () => {
  it('that is unknown gets 404: a page for browsers, a problem for programs', async () => {
    const world = createTenantWorld()
    const browser = world.browser('c.app.example')
    const page = await browser.navigate(answer(world), '/')
    expect([page.status, page.headers.get('content-type')]).toEqual([404, 'text/html; charset=utf-8'])
    const problem = await browser.fetch(answer(world), '/auth/user')
    expect(problem.status).toBe(404)
    expect(await problem.json()).toMatchObject({ code: 'tenant_unknown' })
  })

  it.each([
    '',
    ' ',
    '"><script>',
    '\u0000',
    '../../a.app.example',
    '__proto__',
    'constructor',
    'x'.repeat(255),
    '名',
  ])('can have the name %j', async (name) => {
    const world = createTenantWorld({ nameOf: () => name, session: 'server' })
    world.table.set(name, registrationAt(world.a))
    const browser = world.browser(A)
    if (name === '') {
      expect((await browser.fetch(answer(world), '/')).status).toBe(404)
      expect(world.loads).toEqual([])
      return
    }
    const { get } = await signIn(world, A)
    const { id, name: stored } = await get()
    expect(stored).toBe(name)
    expect(await world.auth.sessionById(id).getUser()).toMatchObject({ sub: 'user-1' })
  })

  it.each(['\ud800', 'x'.repeat(256), 7, {}, null])('cannot have the name %j', async (name) => {
    const world = createTenantWorld({ nameOf: () => name as string })
    const response = await world.browser(A).fetch(answer(world), '/')
    expect([response.status, world.loads]).toEqual([404, []])
  })

  it('has a job that finds it by the ID of the session, without a request', async () => {
    const world = createTenantWorld({ session: 'server' })
    const { get } = await signIn(world, A, 'alice')
    const { id } = await get()
    const auth = world.restart()
    await world.clock.advance(601_000)
    world.loads.length = 0
    const job = auth.sessionById(id)
    const tokens = await Promise.all([job.getUserAccessToken(), job.getUserAccessToken()])
    expect(world.a.introspect(tokens[0]?.value ?? '').sub).toBe('alice')
    expect([world.loads, world.a.counts.refresh]).toEqual([[A], 1])
    const [key] = id.split('.')
    const stray = [`${key}.c.app.example`, `${key}`, `${key}.%`, `${key}.`]
    const codes = await Promise.all(stray.map((each) => codeOf(auth.sessionById(each).getUserAccessToken())))
    expect(codes).toEqual(stray.map(() => 'tenant_unknown'))
    // Another tenant cannot decrypt the session.
    expect(await codeOf(auth.sessionById(`${key}.${B}`).getUserAccessToken())).toBe('store_record_unreadable')
  })

  it('has an explicit session before it is loaded, and one session for each request', async () => {
    const world = createTenantWorld({ session: 'server' })
    const { browser } = await signIn(world, A)
    const auth = world.restart()
    const request = browser.request('/')
    const explicit = auth.session(request)
    const orders = explicit.createTokenFetch({
      baseUrl: 'https://api.example/',
      fetch: async (_input, init) => new Response(new Headers(init?.headers).get('authorization')),
    })
    expect(() => explicit.isSameOrigin(request)).toThrow('not loaded')
    expect(await (await orders('x')).text()).toMatch(/^Bearer /)
    expect(explicit.isSameOrigin(request)).toBe(true)
    expect(await explicit.getUser()).toMatchObject({ sub: 'user-1' })
    expect(await auth.readOnlySession(browser.request('/')).getUser()).toMatchObject({ sub: 'user-1' })
    expect(await codeOf(auth.session(new Request('https://c.app.example/')).getUser())).toBe('tenant_unknown')
    const route = await world.restart().route(browser.request('/auth/user'))
    expect(await route?.json()).toMatchObject({ claims: { sub: 'user-1' } })
    expect(world.restart().route(browser.request('/orders'))).toBeUndefined()
  })

  it('leaves the paths of the application to it while it is loaded, first and again', async () => {
    const world = createTenantWorld({ frontChannelLogout: true })
    const ask = (path: string, method = 'GET') =>
      world.auth.route(new Request(`https://${A}${path}`, { method }))
    for (let loads = 0; loads < 2; loads++) {
      for (const path of [
        '/auth/profile',
        '/auth',
        '/docs/auth/intro',
        '/docs/auth/login',
        '/auth/login/x',
        '/auth/back-channel-logout',
      ])
        expect(ask(path), path).toBeUndefined()
      expect(ask('/?state=x')).toBeUndefined()
      expect(ask('/auth/diagnostics')).toBeUndefined()
      const responses = await Promise.all(
        ['login', 'callback', 'user', 'logout', 'front-channel-logout'].map(async (name) =>
          ask(`/auth/${name}`),
        ),
      )
      expect(responses.map((each) => each?.status)).not.toContain(404)
      expect(responses).not.toContain(undefined)
      await world.clock.advance(301_000)
    }
  })

  it('returns the user from a sign-out at the server, also while it is loaded again', async () => {
    const world = createTenantWorld()
    const app = async (request: Request) => (await world.auth.route(request)) ?? new Response('page')
    const browser = world.browser(A)
    await browser.signIn(app)
    const { logoutUrl } = (await (await browser.fetch(app, '/auth/user')).json()) as { logoutUrl: string }
    const start = await browser.navigate(app, `${logoutUrl}&returnTo=/bye`, { redirect: 'manual' })
    const atServer = await world.a.fetch(start.headers.get('location') ?? '', { redirect: 'manual' })
    await world.clock.advance(301_000)
    const back = atServer.headers.get('location') ?? ''
    const response = await browser.navigate(app, back, { redirect: 'manual' })
    expect([response.status, response.headers.get('location')]).toEqual([303, '/bye'])
  })

  it('has its own scope, and its own token of the application', async () => {
    const world = createTenantWorld({ scope: 'openid' })
    world.table.set(B, { ...registrationAt(world.b), scope: 'openid extra' })
    const scopes = await Promise.all(
      [A, B].map(async (host) => {
        const response = await world
          .browser(host)
          .navigate(world.auth.handler(), '/auth/login', { redirect: 'manual' })
        return new URL(response.headers.get('location') ?? '').searchParams.get('scope')
      }),
    )
    expect(scopes).toEqual(['openid', 'openid extra'])
    const own = world.auth.handler(async () => new Response((await world.auth.getClientAccessToken()).value))
    const tokens = await Promise.all(
      [A, B].map(async (host) => (await world.browser(host).fetch(own, '/')).text()),
    )
    expect(world.a.introspect(tokens[0] ?? '').client_id).toBe('client-a')
    expect(world.b.introspect(tokens[1] ?? '').client_id).toBe('client-b')
    expect(await codeOf(world.auth.getClientAccessToken())).toBe('no_current_session')
  })

  it('cannot get the token that another tenant with the same client has got', async () => {
    const world = createTenantWorld()
    world.table.set(B, { ...registrationAt(world.a), clientSecret: 'not the secret' })
    const own = world.auth.handler(async () => new Response((await world.auth.getClientAccessToken()).value))
    expect((await world.browser(A).fetch(own, '/')).status).toBe(200)
    expect(await codeOf(world.browser(B).fetch(own, '/'))).toBe('client_rejected')
  })

  it('signs out at its own server, and a logout token ends only its sessions', async () => {
    const world = createTenantWorld({ session: 'server', backChannelLogout: true })
    // The same server and user, with another client.
    const [alice, bob] = [await signIn(world, A), await signIn(world, B)]
    const token = await world.a.logoutToken({ sub: 'user-1' })
    const post = (host: string) =>
      world.browser(host).fetch(world.auth.handler(), '/auth/back-channel-logout', {
        method: 'POST',
        body: new URLSearchParams({ logout_token: token }),
      })
    expect((await post(B)).status).toBe(400)
    expect((await bob.get()).sub).toBe('user-1')
    expect((await post(A)).status).toBe(200)
    expect((await alice.get()).sub).toBeUndefined()
    expect((await bob.get()).sub).toBe('user-1')
    const user = (await (await bob.browser.fetch(world.auth.handler(), '/auth/user')).json()) as {
      logoutUrl: string
    }
    const response = await bob.browser.navigate(world.auth.handler(), user.logoutUrl, { redirect: 'manual' })
    expect(new URL(response.headers.get('location') ?? '').origin).toBe('https://b.login.example')
    await idle(() => world.b.counts.revoke > 0)
    expect([world.a.counts.revoke, world.b.counts.revoke]).toEqual([1, 1])
  })

  it('with the client of another tenant: a logout token ends only the sessions of the tenant that gets it', async () => {
    const world = createTenantWorld({ session: 'server', backChannelLogout: true })
    world.table.set(B, registrationAt(world.a))
    const [alice, bob] = [await signIn(world, A), await signIn(world, B)]
    const body = new URLSearchParams({ logout_token: await world.a.logoutToken({ sub: 'user-1' }) })
    const response = await world
      .browser(A)
      .fetch(world.auth.handler(), '/auth/back-channel-logout', { method: 'POST', body })
    expect(response.status).toBe(200)
    expect([(await alice.get()).sub, (await bob.get()).sub]).toEqual([undefined, 'user-1'])
    expect((await (await signIn(world, B)).get()).sub).toBe('user-1')
  })

  it('refuses an authorization response of another tenant (mix-up)', async () => {
    const world = createTenantWorld()
    const victim = world.browser(A)
    const start = await victim.navigate(world.auth.handler(), '/auth/login', { redirect: 'manual' })
    const state = new URL(start.headers.get('location') ?? '').searchParams.get('state') ?? ''
    // The login of one tenant comes back to another one, with all cookies of the browser.
    for (const [host, server] of [
      [B, world.b],
      [B, world.a],
    ] as const) {
      const query = new URLSearchParams({ state, code: 'stolen', iss: server.issuer })
      const callback = new Request(`https://${host}/auth/callback?${query}`, {
        headers: { cookie: victim.cookie },
      })
      expect(await (await world.auth.handle(callback, () => new Response())).json()).toMatchObject({
        code: 'login_transaction_invalid',
      })
    }
    // A response of the other server for this login.
    const query = new URLSearchParams({ state, code: 'stolen', iss: world.b.issuer })
    const mixed = await victim.fetch(world.auth.handler(), `/auth/callback?${query}`)
    expect(await mixed.json()).toMatchObject({ code: 'authorization_response_invalid' })
    expect([world.a.counts.token, world.b.counts.token]).toEqual([0, 0])
  })

  it('needs its own redirect URI if its client differs', async () => {
    const world = createTenantWorld({
      nameOf: ({ headers }) => headers.get('x-tenant') ?? undefined,
      baseUrl: `https://${A}`,
    })
    const login = (name: string) =>
      world
        .browser(A)
        .navigate(world.auth.handler(), '/auth/login', { redirect: 'manual', headers: { 'x-tenant': name } })
    expect([(await login(A)).status, (await login(B)).status]).toEqual([302, 500])
    // The same client can use it, and another tenant can have it later.
    world.table.set('copy', registrationAt(world.a))
    expect((await login('copy')).status).toBe(302)
    await world.clock.advance(300_000)
    expect((await login(B)).status).toBe(302)
  })

  it('can be a path of the host', async () => {
    const world = createTenantWorld({ nameOf: ({ url }) => new URL(url).pathname.split('/')[1] })
    for (const [name, server] of [
      ['acme', world.a],
      ['zoo', world.b],
    ] as const) {
      world.table.set(name, { ...registrationAt(server), baseUrl: `https://${A}/${name}` })
    }
    const browser = world.browser(A)
    const first = world.restart().route(new Request(`https://${A}/acme/auth/login`))
    expect((await first)?.status).not.toBe(404)
    await browser.signIn(world.auth.handler(), { loginUrl: '/acme/auth/login', user: 'alice' })
    await browser.signIn(world.auth.handler(), { loginUrl: '/zoo/auth/login', user: 'bob' })
    const subs = await Promise.all(
      ['acme', 'zoo'].map(
        async (name) => (await (await browser.fetch(answer(world), `/${name}/`)).json()) as { sub: string },
      ),
    )
    expect(subs.map(({ sub }) => sub)).toEqual(['alice', 'bob'])
  })
})

describe('the function `load`', () => {
  it('is shared by concurrent requests, and called again after `cacheSeconds`', async () => {
    const world = createTenantWorld()
    const browser = world.browser(A)
    await Promise.all(Array.from({ length: 20 }, () => browser.fetch(answer(world), '/')))
    expect(world.loads).toEqual([A])
    await world.clock.advance(299_000)
    await browser.fetch(answer(world), '/')
    expect(world.loads).toEqual([A])
    await world.clock.advance(1000)
    await Promise.all(Array.from({ length: 20 }, () => browser.fetch(answer(world), '/')))
    expect(world.loads).toEqual([A, A])
  })

  it('returns the same registration again: metadata, keys and the line stay, and a new secret is used', async () => {
    const world = createTenantWorld({ session: 'server' })
    const secrets: string[] = []
    world.load = () => {
      const number = world.loads.length
      return {
        ...registrationAt(world.a),
        clientSecret: () => {
          secrets.push(String(number))
          return 'secret of a'
        },
      }
    }
    const { get } = await signIn(world, A)
    await world.clock.advance(601_000)
    world.a.resetCounts()
    expect((await get()).sub).toBe('user-1')
    expect(world.loads).toEqual([A, A])
    expect(world.a.log.map(({ kind }) => kind)).not.toContain('discovery')
    expect(new Set(secrets)).toEqual(new Set(['1', '2']))
  })

  it('that fails is a typed error, and no session is lost', async () => {
    const world = createTenantWorld({ session: 'server' })
    const { get, browser } = await signIn(world, A)
    const { load } = world
    const auth = world.restart()
    world.load = () => Promise.reject(new Error('the secret of the database'))
    const response = await browser.fetch(answer({ auth }), '/')
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1'])
    const body = await response.text()
    expect(body).toContain('tenant_unavailable')
    expect(body).not.toContain('secret')
    expect((await browser.navigate(answer({ auth }), '/')).status).toBe(503)
    // The pause: the function is not called for each request.
    expect(world.loads.filter((name) => name === A)).toHaveLength(2)
    expect(world.events).toContainEqual({
      type: 'tenant_load_failed',
      tenant: A,
      code: 'tenant_unavailable',
      cause: { name: 'Error' },
    })
    world.load = load
    await world.clock.advance(2000)
    expect((await get(answer({ auth }))).sub).toBe('user-1')
  })

  it('that fails later does not disturb: the known registration is used', async () => {
    const world = createTenantWorld({ session: 'server' })
    const { get } = await signIn(world, A)
    world.load = () => {
      throw new Error('no database')
    }
    await world.clock.advance(400_000)
    expect((await get()).sub).toBe('user-1')
    // The registration has become invalid.
    world.load = () => ({ clientId: 'x' }) as never
    await world.clock.advance(400_000)
    expect((await get()).sub).toBe('user-1')
    expect(world.events.filter(({ type }) => type === 'tenant_load_failed')).toMatchObject([
      { code: 'tenant_unavailable' },
      { code: 'invalid_option' },
    ])
  })

  it('that never responds delays a new tenant by 10 seconds, and a known one by 1 second', async () => {
    const world = createTenantWorld()
    const { browser } = await signIn(world, A)
    world.load = () => new Promise(() => undefined)
    const unknown = world.browser(B).fetch(answer(world), '/')
    await world.clock.advance(10_000)
    expect((await unknown).status).toBe(503)
    await world.clock.advance(300_000)
    const known = browser.fetch(answer(world), '/')
    await world.clock.advance(1000)
    expect((await known).status).toBe(200)
  })

  it('returns another client: the user must sign in again, and nothing is sent to the new server', async () => {
    const world = createTenantWorld({ session: 'server' })
    const { get } = await signIn(world, A)
    world.table.set(A, registrationAt(world.b))
    await world.clock.advance(601_000)
    world.b.resetCounts()
    expect(await get()).toEqual({})
    expect(world.b.log).toEqual([])
    // If the client comes back, so does the session.
    world.table.set(A, registrationAt(world.a))
    await world.clock.advance(300_000)
    expect((await get()).sub).toBe('user-1')
  })

  it('returns nothing any more: 404, and the session is there when the tenant is', async () => {
    const world = createTenantWorld({ session: 'server' })
    const { get, browser } = await signIn(world, A)
    const registration = registrationAt(world.a)
    world.table.delete(A)
    await world.clock.advance(300_000)
    expect((await browser.fetch(answer(world), '/')).status).toBe(404)
    world.table.set(A, registration)
    expect((await get()).sub).toBe('user-1')
  })

  it.each([
    null,
    'issuer',
    7,
    { clientId: 'x' },
    { issuer: 'http://a', clientId: 'x' },
    { encryptionSecret: 'x' },
  ])('that returns %j is a configuration error', async (registration) => {
    const world = createTenantWorld()
    world.load = () => registration as never
    const response = await world.browser(A).fetch(answer(world), '/')
    expect(response.status).toBe(500)
    expect(await response.json()).toMatchObject({ code: 'invalid_option' })
  })

  it('with more tenants than fit: a refresh in flight ends, and no other starts', async () => {
    const world = createTenantWorld({ maxTenants: 1, session: 'server' })
    const [alice, bob] = [await signIn(world, A), await signIn(world, B)]
    await world.clock.advance(601_000)
    const hold = pauseAfterProcessing()
    world.a.script('refresh', hold)
    const first = alice.get()
    await hold.reached
    // The other tenant takes its place, and the first one is loaded again.
    expect((await bob.get()).sub).toBe('user-1')
    const second = alice.get()
    await idle(() => world.loads.length >= 5)
    hold.release()
    expect((await first).token).toBe((await second).token)
    expect(world.a.maxUses()).toBe(1)
    expect(world.a.counts.refresh).toBe(1)
  })

  it('that is slow is awaited by `drain`', async () => {
    const world = createTenantWorld()
    let release: (() => void) | undefined
    world.load = (name) => new Promise((resolve) => (release = () => resolve(world.table.get(name))))
    const response = world.browser(A).fetch(answer(world), '/')
    await idle(() => release !== undefined)
    let isDrained = false
    const drained = world.auth.drain().then(() => (isDrained = true))
    await idle(() => false, 20)
    expect(isDrained).toBe(false)
    release?.()
    await drained
    expect((await response).status).toBe(200)
  })
})
