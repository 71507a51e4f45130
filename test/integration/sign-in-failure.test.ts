import { EvertokenError } from '@evertoken/core'
import { cookieHeaderOf } from '@evertoken/testkit'
import { describe, expect, it } from 'vitest'
import { type Application, createApplication, kinds, origin, type Overrides } from './application.ts'
import { authorize, idle, locationOf, NAVIGATION, ofType, pathOf, signIn, userOf } from './steps.ts'

type Failure = (application: Application, callback: URL) => void | Promise<void>

const failures: [string, string, number, Failure][] = [
  [
    'the user has declined',
    'access_denied',
    403,
    (_application, callback) => {
      callback.searchParams.delete('code')
      callback.searchParams.set('error', 'access_denied')
      callback.searchParams.set('error_description', '<script>alert(1)</script>')
    },
  ],
  ['it took too long', 'login_transaction_invalid', 400, ({ clock }) => clock.advance(901_000)],
  [
    'it belongs to another browser',
    'login_transaction_invalid',
    400,
    (_application, callback) => callback.searchParams.set('state', '"><img src=x onerror=alert(1)>'),
  ],
  [
    'the code is refused',
    'authorization_response_invalid',
    400,
    (_application, callback) => callback.searchParams.set('code', 'canary'),
  ],
  [
    'the authorization server has a failure',
    'authorization_server_unavailable',
    503,
    ({ server }) => server.script('token', { type: 'status', status: 503 }),
  ],
]

async function fail(failure: Failure, options: Overrides = {}, headers = {}) {
  const application = createApplication(options)
  const tab = application.browser()
  const { callback } = await authorize(tab, application.server)
  await failure(application, callback)
  const response = await tab.get(pathOf(callback), undefined, { headers })
  return { ...application, tab, response, callback }
}

describe.each(failures)('a sign-in that fails because %s', (_why, code, status, failure) => {
  it('sends a problem document to a program', async () => {
    const { response, events } = await fail(failure)
    expect(response.status).toBe(status)
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(await response.json()).toMatchObject({ code, status })
    expect(ofType(events, 'sign_in_failed')).toMatchObject([{ code }])
  })

  it('shows a browser a page that can do nothing', async () => {
    for (const headers of [NAVIGATION, { accept: 'text/html,*/*' }]) {
      const { response, callback } = await fail(failure, {}, headers)
      const html = await response.text()
      expect(response.status).toBe(status)
      expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
      expect(response.headers.get('content-security-policy')).toBe(
        "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
      )
      expect(response.headers.get('referrer-policy')).toBe('no-referrer')
      expect(response.headers.get('cache-control')).toBe('no-store')
      expect(html).toContain(code)
      expect(html).toContain('href="/auth/login"')
      expect(html).not.toMatch(/<script|<img|canary|alert/)
      for (const secret of ['code', 'state']) {
        const value = callback.searchParams.get(secret)
        if (value) expect(html).not.toContain(value)
      }
    }
  })

  it('goes to a page of the application where it has one', async () => {
    const { response, tab } = await fail(failure, { signInErrorPath: '/oops' }, NAVIGATION)
    expect([response.status, response.headers.get('location')]).toEqual([303, `/oops?error=${code}`])
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect((await tab.get('/')).status).toBe(401)
  })
})

it('responds equally at the login route if the authorization server cannot be reached', async () => {
  const { server, browser } = createApplication({ signInErrorPath: '/oops' })
  server.always('discovery', { type: 'status', status: 503 })
  const response = await browser().get('/auth/login')
  expect(response.headers.get('location')).toBe('/oops?error=authorization_server_unavailable')
})

it('shows no page to a frame or to a script that wants JSON', async () => {
  for (const mode of ['cors', 'no-cors', 'same-origin']) {
    const headers = { 'sec-fetch-mode': mode, accept: 'text/html' }
    const { response } = await fail(({ clock }) => clock.advance(901_000), {}, headers)
    expect(response.headers.get('content-type')).toBe('application/problem+json')
  }
})

describe.each(kinds)('onSignIn, %s session', (session) => {
  it('receives the claims before the session starts, and changes the kept claims, but not the user', async () => {
    const seen: unknown[] = []
    const { server, browser, events } = createApplication({
      session,
      async onSignIn(claims, about) {
        seen.push(claims, about, ofType(events, 'session_started').length)
        await Promise.resolve()
        return { ...claims, sub: 'admin', sid: 'x', roles: ['a'], at: new Date(0) }
      },
    })
    const tab = browser()
    await signIn(tab, server, '?returnTo=/here')

    const sid = server.grants.find('user-1')?.sid
    expect(seen).toEqual([
      expect.objectContaining({ sub: 'user-1', sid }),
      expect.objectContaining({ reason: 'sign_in', returnTo: '/here', scope: 'openid offline_access' }),
      0,
    ])
    expect(JSON.stringify(seen)).not.toMatch(/[ar]t_/)
    const { claims } = await userOf(tab)
    expect(claims).toMatchObject({ sub: 'user-1', sid, roles: ['a'], at: '1970-01-01T00:00:00.000Z' })
  })

  it('keeps its added claims through a refresh', async () => {
    const { server, browser, clock } = createApplication({
      session,
      onSignIn: (claims) => ({ ...claims, roles: ['a'] }),
    })
    const tab = browser()
    await signIn(tab, server)
    await clock.advance(301_000)
    expect((await tab.get('/')).status).toBe(200)
    expect(server.counts.refresh).toBe(1)
    expect((await userOf(tab)).claims).toMatchObject({ roles: ['a'], sub: 'user-1' })
  })

  it('may refuse; then nothing is left of the grant, and who was signed in stays so', async () => {
    let welcome = true
    const { server, browser, events } = createApplication({ session, onSignIn: () => welcome && undefined })
    const tab = browser()
    await signIn(tab, server)
    welcome = false
    const response = await signIn(tab, server, '?login_hint=user-2')

    expect(response.status).toBe(403)
    expect(await response.json()).toMatchObject({ code: 'sign_in_refused' })
    await idle(() => server.counts.revoke > 0)
    expect(server.grants.alive('user-2')).toBe(false)
    expect((await userOf(tab)).claims).toMatchObject({ sub: 'user-1' })
    expect(ofType(events, 'sign_in_failed')).toMatchObject([{ code: 'sign_in_refused' }])
  })

  it.each([
    ['its own error', new RangeError('canary'), undefined],
    ['a typed error', new EvertokenError('sign_in_refused', 'Not today'), 'sign_in_refused'],
  ])('that throws %s does not sign the user in, revokes, and is reported', async (_what, error, code) => {
    const { server, browser, events } = createApplication({
      session,
      onSignIn: () => Promise.reject(error),
    })
    const tab = browser()
    if (code === undefined) await expect(signIn(tab, server)).rejects.toBe(error)
    else expect(await (await signIn(tab, server)).json()).toMatchObject({ code })
    await idle(() => server.counts.revoke > 0)
    expect(server.grants.alive('user-1')).toBe(false)
    expect((await tab.get('/')).status).toBe(401)
    const cause = code === undefined ? { cause: { name: 'RangeError' } } : {}
    expect(ofType(events, 'sign_in_failed')).toEqual([
      { type: 'sign_in_failed', code: code ?? 'hook_failed', ...cause },
    ])
  })

  it('is reported if it returns claims that are not JSON', async () => {
    const { server, browser, events } = createApplication({ session, onSignIn: () => ({ id: 1n }) })
    await expect(signIn(browser(), server)).rejects.toThrow(TypeError)
    expect(ofType(events, 'sign_in_failed')).toMatchObject([{ code: 'hook_failed' }])
  })
})

describe.each(kinds)('form_post, %s session', (session) => {
  const form = { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'cross-site' }

  /** A browser sends only cookies with SameSite=None along with a post from another site. */
  async function begin() {
    const application = createApplication({ session, responseMode: 'form_post' })
    const tab = application.browser()
    const login = await tab.get('/auth/login?returnTo=/here')
    const location = new URL(login.headers.get('location') ?? '')
    expect(location.searchParams.get('response_mode')).toBe('form_post')
    location.searchParams.delete('response_mode')
    const answer = await application.server.fetch(location, { redirect: 'manual' })
    const body = locationOf(answer).searchParams
    const line = login.headers.getSetCookie()[0] ?? ''
    const cookie = cookieHeaderOf(login)
    return { ...application, tab, body, line, cookie }
  }

  it('takes the answer as a POST from the authorization server', async () => {
    const { tab, body, line, cookie } = await begin()
    expect(line).toMatch(/; HttpOnly; SameSite=None; Secure/)
    const response = await tab.get('/auth/callback', cookie, { method: 'POST', headers: form, body })
    expect([response.status, response.headers.get('location')]).toEqual([303, '/here'])
    const set = response.headers.getSetCookie().find((each) => each.startsWith('__Host-Http-evertoken='))
    expect(set).toContain('SameSite=Lax')
    expect((await tab.get('/')).status).toBe(200)
  })

  it('S26: ends the previous session, although the browser does not send its cookie', async () => {
    if (session === 'cookie') return
    const { auth, tab, server } = await begin()
    await tab.signIn()
    const before = tab.cookieHeader()
    const login = await tab.get('/auth/login')
    const location = new URL(login.headers.get('location') ?? '')
    location.searchParams.delete('response_mode')
    const answer = await server.fetch(location, { redirect: 'manual' })
    const cookie = cookieHeaderOf(login)
    const body = locationOf(answer).searchParams
    await tab.get('/auth/callback', cookie, { method: 'POST', headers: form, body })
    const old = auth.session(new Request(origin, { headers: { cookie: before } }))
    expect(await old.getUser()).toBeUndefined()
  })

  it.each([
    ['another type', { headers: { 'content-type': 'text/plain' } }],
    ['no body', { body: '' }],
  ])('refuses %s', async (_what, init) => {
    const { tab, body, cookie } = await begin()
    const post = { method: 'POST', headers: form, body: String(body), ...init }
    const response = await tab.get('/auth/callback', cookie, post)
    expect(await response.json()).toMatchObject({ code: 'login_transaction_invalid' })
  })

  it.each([
    ['more than 64 KiB', 'POST', 400, 66_000],
    ['another method', 'PUT', 405, 0],
  ])('refuses %s', async (_what, method, status, padding) => {
    const { tab, body, cookie, server } = await begin()
    const padded = `${body}&padding=${'x'.repeat(padding)}`
    const response = await tab.get('/auth/callback', cookie, { headers: form, method, body: padded })
    expect(response.status).toBe(status)
    expect(server.counts.token).toBe(0)
  })

  it('needs https, and reports that', async () => {
    const { auth } = createApplication({
      session,
      responseMode: 'form_post',
      baseUrl: 'http://localhost:3000',
    })
    const response = await auth.handle(new Request('http://localhost:3000/auth/login'), () => new Response())
    expect(await response.json()).toMatchObject({
      code: 'invalid_option',
      title: expect.stringContaining('responseMode'),
    })
  })

  it('no form is read where the answer comes by query', async () => {
    const { server, browser } = createApplication({ session })
    const tab = browser()
    const { callback } = await authorize(tab, server)
    const body = callback.searchParams
    const response = await tab.get('/auth/callback', undefined, { method: 'POST', headers: form, body })
    expect(response.status).toBe(400)
    expect(server.counts.token).toBe(0)
  })
})
