import { describe, expect, it } from 'vitest'
import { type Application, type Browser, createApplication, origin } from './application.ts'
import { createSink } from './sink.ts'
import { NAVIGATION, type userOf } from './steps.ts'

const baseUrl = `${origin}/app`

/** How a reverse proxy passes the path of the browser on. */
const proxies = [
  ['keeps', (path: string) => path],
  ['strips', (path: string) => path.replace(/^\/app(?=\/)/, '')],
] as const

describe.each(proxies)('an application at a base path that the reverse proxy %s', (_what, passOn) => {
  /** A browser in front of the reverse proxy. */
  function browse(app: Application): Browser {
    const tab = app.browser(() => new Response('the application'))
    return {
      ...tab,
      get: (path, ...rest) => tab.get(passOn(path), ...rest),
      post: (path) => tab.post(passOn(path)),
    }
  }

  async function signIn(app: Application, tab: Browser, query = ''): Promise<Response> {
    const login = await tab.get(`/app/auth/login${query}`, undefined, { headers: NAVIGATION })
    const response = await app.server.fetch(login.headers.get('location') ?? '', { redirect: 'manual' })
    const callback = new URL(response.headers.get('location') ?? '')
    expect(callback.href).toMatch(new RegExp(`^${baseUrl}/auth/callback\\?`))
    return tab.get(callback.pathname + callback.search)
  }

  it('signs in, and out again', async () => {
    const app = createApplication({ baseUrl })
    const tab = browse(app)
    const done = await signIn(app, tab, '?returnTo=/app/orders')
    expect(done.headers.get('location')).toBe('/app/orders')
    for (const line of done.headers.getSetCookie()) expect(line).toContain('; Path=/;')

    const { logoutUrl } = (await (await tab.get('/app/auth/user')).json()) as Awaited<
      ReturnType<typeof userOf>
    >
    expect(logoutUrl).toMatch(/^\/app\/auth\/logout\?/)
    const signedOut = await tab.post('/app/auth/logout?returnTo=/app/bye')
    const location = new URL(signedOut.headers.get('location') ?? '')
    expect(location.searchParams.get('post_logout_redirect_uri')).toBe(`${baseUrl}/`)
    const returned = await tab.get(`/app/?state=${location.searchParams.get('state')}`)
    expect(returned.headers.get('location')).toBe('/app/bye')
    expect((await tab.get('/app/auth/user')).status).toBe(401)
  })

  it.each([
    ['nothing', ''],
    ['another application of the host', '?returnTo=/other'],
    ['a path that only begins like the base path', '?returnTo=/application'],
    ['a way out of the base path', '?returnTo=/app/../other'],
    ['an encoded way out', '?returnTo=/app/%252e%252e/%2e%2e/other'],
    ['another origin', '?returnTo=https://evil.example/app/'],
  ])('returns to its home for %s', async (_case, query) => {
    const app = createApplication({ baseUrl })
    const tab = browse(app)
    const location = (await signIn(app, tab, query)).headers.get('location') ?? ''
    expect(new URL(location, origin).pathname).toMatch(/^\/app\//)
    expect(location).not.toContain('other')
  })

  it('shows the page for failed sign-ins, and the login URL for more scope', async () => {
    const app = createApplication({ baseUrl, signInErrorPath: '/failed', forwardLoginParameters: ['scope'] })
    const tab = browse(app)
    const failed = await tab.get('/app/auth/callback?state=unknown', undefined, { headers: NAVIGATION })
    expect(failed.headers.get('location')).toBe('/app/failed?error=login_transaction_invalid')

    const headers = { 'www-authenticate': 'Bearer error="insufficient_scope", scope="admin"' }
    const session = app.auth.session(new Request(`${baseUrl}/`))
    expect(session.loginUrlFor(new Response(null, { status: 403, headers }))).toMatch(/^\/app\/auth\/login\?/)
  })

  it.each(['/api/*', '/app/api/*'] as const)('passes requests on by the pattern %s', async (pattern) => {
    const app = createApplication({ baseUrl })
    const api = await createSink((_arrival, response, count) => {
      if (count === 1) response.writeHead(307, { location: '/v1/moved?to=here' })
    })
    const proxy = app.auth.createTokenProxy({
      [pattern]: { target: `${api.url}/v1/`, token: 'user', forwarded: 'x-forwarded' },
    })
    const tab = app.browser(async (request) => (await proxy(request)) ?? new Response('the application'))
    await tab.signIn()
    const response = await tab.get(passOn('/app/api/orders?a=1'))
    const isMatch = response.status === 307

    // A pattern that contains the base path works only if the reverse proxy keeps it.
    expect(isMatch).toBe(pattern === '/api/*' || passOn('/app/api') === '/app/api')
    if (isMatch) {
      expect(response.headers.get('location')).toBe('/app/api/moved?to=here')
      expect(api.arrivals[0]).toMatchObject({
        path: '/v1/orders?a=1',
        headers: { 'x-forwarded-prefix': '/app/api' },
      })
    }
    api.close()
  })
})

it('finds its routes at the base path `/auth`, whatever the reverse proxy does', async () => {
  const app = createApplication({ baseUrl: `${origin}/auth/` })
  const tab = app.browser()
  for (const path of ['/auth/auth/user', '/auth/user']) expect((await tab.get(path)).status).toBe(401)
  expect(app.auth).toBeDefined()
})

it('leaves paths outside of the base path to the application', async () => {
  const app = createApplication({ baseUrl })
  const tab = app.browser(() => new Response('the application'))
  for (const path of ['/application/auth/user', '/other/auth/user', '/app/app/auth/user'])
    expect(await (await tab.get(path)).text()).toBe('the application')
})
