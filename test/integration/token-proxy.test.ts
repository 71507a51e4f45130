import { gzipSync } from 'node:zlib'
import type { ServerResponse } from 'node:http'
import type { TokenProxyRoute, TokenProxyRoutes } from '@evertoken/core'
import { afterEach, describe, expect, it } from 'vitest'
import {
  type Application,
  type Browser,
  createApplication,
  kinds,
  origin,
  type Overrides,
} from './application.ts'
import { type Arrival, createSink, type Sink } from './sink.ts'

const open: Sink[] = []
afterEach(() => {
  for (const opened of open.splice(0)) opened.close()
})

type Answer = (arrival: Arrival, response: ServerResponse, count: number) => void

const OWN = { 'sec-fetch-site': 'same-origin' }
const answers =
  (status: number, headers: Record<string, string> = {}): Answer =>
  (_arrival, response) =>
    void response.writeHead(status, headers)

interface World extends Application {
  readonly api: Sink
  readonly tab: Browser
  /** Sends a request as a page of the application does. */
  send(path: string, init?: RequestInit): Promise<Response>
}

/** An application with an API below `/api/orders/`, and a browser at its door. */
async function world(
  answer: Answer = () => {},
  route: Partial<TokenProxyRoute & { readonly token: 'user' | 'user-or-none' | 'none' }> = {},
  options: Overrides = {},
): Promise<World> {
  const api = await createSink(answer)
  open.push(api)
  const application = createApplication(options)
  const proxy = application.auth.createTokenProxy({
    '/api/orders/*': { target: `${api.url}/v1/`, token: 'user', ...route },
  })
  const tab = application.browser(
    async (request) => (await proxy(request)) ?? new Response('the application'),
  )
  const send = (path: string, init: RequestInit = {}) =>
    tab.get(path, undefined, { ...init, headers: { ...OWN, ...(init.headers as Record<string, string>) } })
  return { ...application, api, tab, send }
}

async function signedIn(...args: Parameters<typeof world>): Promise<World> {
  const there = await world(...args)
  await there.tab.signIn()
  return there
}

async function codeOf(response: Response): Promise<unknown> {
  expect(response.headers.get('content-type')).toBe('application/problem+json')
  return ((await response.json()) as { code: unknown }).code
}

describe('what passes', () => {
  it.each(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])(
    '%s, with its query',
    async (method) => {
      const { api, send } = await signedIn()
      const response = await send('/api/orders/7?a=%2F&b=1&b=2', { method })

      expect(response.status).toBe(200)
      expect(api.arrivals).toMatchObject([{ method, path: '/v1/7?a=%2F&b=1&b=2', body: '' }])
      expect(await response.text()).toBe(method === 'HEAD' ? '' : 'ok')
    },
  )

  it('a body with its type and length', async () => {
    const { api, send } = await signedIn()
    const body = new Blob(['{"a":1}']).stream()
    const headers = { 'content-type': 'application/json', 'content-length': '7' }
    await send('/api/orders/', { method: 'POST', headers, body, duplex: 'half' } as RequestInit)

    expect(api.arrivals[0]).toMatchObject({ path: '/v1/', body: '{"a":1}', headers })
  })

  it.each([200, 201, 204, 205, 304, 400, 404, 409, 418, 500, 503])('status %i', async (status) => {
    const { send } = await signedIn(answers(status, { etag: '"1"', 'retry-after': '7' }))
    const response = await send('/api/orders/')

    expect(response.status).toBe(status)
    expect(Object.fromEntries(response.headers)).toMatchObject({ etag: '"1"', 'retry-after': '7' })
  })

  it('S19: a challenge for more than a new token, unchanged', async () => {
    const challenge = 'Bearer error="insufficient_user_authentication", acr_values="gold"'
    const { send, server } = await signedIn(answers(401, { 'www-authenticate': challenge }))
    const response = await send('/api/orders/')

    expect([response.status, response.headers.get('www-authenticate')]).toEqual([401, challenge])
    expect(server.counts.refresh).toBe(0)
  })

  it('a compressed response of the API, legible', async () => {
    const { send } = await signedIn((_arrival, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' })
      response.end(gzipSync('orders'))
    })
    const response = await send('/api/orders/', { headers: { 'accept-encoding': 'zstd' } })

    expect(response.headers.has('content-encoding')).toBe(false)
    expect(await response.text()).toBe('orders')
  })

  it('nothing else: the application responds to all other paths', async () => {
    const { api, send } = await signedIn()
    for (const path of [
      '/',
      '/api',
      '/api/orders-admin',
      '/api/orders/../invoices',
      '/api/orders/%2e%2e/x',
    ]) {
      expect(await (await send(path)).text()).toBe('the application')
    }
    expect(api.arrivals).toEqual([])
  })
})

describe('headers', () => {
  it('I3: S21: the API gets the token and nothing else that belongs to the application', async () => {
    const { api, tab, send } = await signedIn()
    const canaries = {
      authorization: 'Bearer canary',
      'proxy-authorization': 'canary',
      dpop: 'canary',
      'x-forwarded-for': 'canary',
      forwarded: 'for=canary',
      'x-real-ip': 'canary',
      'x-evertoken': '1',
      'x-original-url': '/canary',
      origin,
      referer: `${origin}/canary`,
      'x-hop': 'canary',
      connection: 'x-hop, close',
      te: 'canary',
      'keep-alive': 'canary',
      upgrade: 'canary',
      expect: 'canary',
    }
    await send('/api/orders/', { headers: { ...canaries, host: 'evil.example', traceparent: 'kept' } })

    const headers = api.arrivals[0]?.headers
    expect(headers).toMatchObject({ traceparent: 'kept', host: new URL(api.url).host })
    expect(headers?.authorization).toMatch(/^Bearer at_/)
    expect(JSON.stringify(headers)).not.toMatch(/canary|app\.example\.com|evil/)
    expect(headers).not.toHaveProperty('cookie')
    expect(headers).not.toHaveProperty('sec-fetch-site')
    for (const value of tab.cookies.values()) expect(JSON.stringify(headers)).not.toContain(value)
  })

  it('the browser gets no cookie, permission or order of the API', async () => {
    const { send } = await signedIn(
      answers(200, {
        'set-cookie': '__Host-Http-evertoken=canary',
        'access-control-allow-origin': 'https://canary.example',
        'clear-site-data': '"canary"',
        'strict-transport-security': 'canary',
        refresh: '0; url=//canary',
        connection: 'x-hop',
        'x-hop': 'canary',
        'x-accel-redirect': '/canary',
        'x-request-id': 'kept',
      }),
    )
    const response = await send('/api/orders/')

    expect(response.headers.get('x-request-id')).toBe('kept')
    expect(response.headers.getSetCookie()).toEqual([])
    expect(JSON.stringify([...response.headers])).not.toContain('canary')
  })

  it('S33: further headers pass in the direction that an option names', async () => {
    const headers = { 'X-Version': '1', 'X-Cost': '2', X_Version: '3' }
    const allowed = { allowRequestHeaders: ['x-version'], allowResponseHeaders: ['X-COST'] }
    const { api, send } = await signedIn(answers(200, headers), allowed)
    const response = await send('/api/orders/', { headers })

    const names = ['x-version', 'x-cost', 'x_version']
    expect(names.map((name) => api.arrivals[0]?.headers[name])).toEqual(['1', undefined, undefined])
    expect(names.map((name) => response.headers.get(name))).toEqual([null, '2', null])
  })

  it('RFC 9111 §3.5: a response to a user is for no shared cache, a public one is', async () => {
    const mine = await (await signedIn()).send('/api/orders/')
    const everybodys = await (await signedIn(undefined, { token: 'none' })).send('/api/orders/')

    expect([mine.headers.get('cache-control'), mine.headers.get('vary')]).toEqual(['private', 'cookie'])
    expect(everybodys.headers.has('cache-control')).toBe(false)
  })

  it.each([
    ['x-forwarded', { 'x-forwarded-host': 'app.example.com', 'x-forwarded-prefix': '/api/orders' }],
    ['forwarded', { forwarded: 'host="app.example.com";proto=https' }],
  ] as const)(
    '%s contains the address of the application, for any value of the browser',
    async (forwarded, told) => {
      const { api, send } = await signedIn(undefined, { forwarded })
      await send('/api/orders/', {
        headers: { 'x-forwarded-host': 'evil.example', forwarded: 'host=evil.example' },
      })

      expect(api.arrivals[0]?.headers).toMatchObject(told)
      expect(JSON.stringify(api.arrivals[0]?.headers)).not.toContain('evil')
    },
  )

  it('prepareHeaders can set all headers except the token', async () => {
    const { api, send } = await signedIn(undefined, {
      prepareHeaders(headers, request) {
        headers.set('x-forwarded-for', request.headers.get('x-forwarded-for') ?? '')
        headers.set('authorization', 'Bearer of-nobody')
      },
    })
    await send('/api/orders/', { headers: { 'x-forwarded-for': '192.0.2.1' } })

    expect(api.arrivals[0]?.headers['x-forwarded-for']).toBe('192.0.2.1')
    expect(api.arrivals[0]?.headers.authorization).toMatch(/^Bearer at_/)
  })
})

describe('the token', () => {
  it.each([
    ['user', 401, undefined],
    ['user-or-none', 200, ['none']],
    ['none', 200, ['none']],
  ] as const)('%s: %i without a user', async (token, status, sent) => {
    const { api, send } = await world(undefined, { token })
    const response = await send('/api/orders/', { headers: { authorization: 'Bearer canary' } })

    expect(response.status).toBe(status)
    if (status === 401) expect(await codeOf(response)).toBe('no_session')
    expect(api.arrivals.map(({ headers }) => headers.authorization ?? 'none')).toEqual(sent ?? [])
  })

  it.each([
    ['user', /^Bearer at_/],
    ['user-or-none', /^Bearer at_/],
    ['none', /^none$/],
  ] as const)('%s: is sent as configured', async (token, sent) => {
    const { api, send } = await signedIn(undefined, { token })
    await send('/api/orders/')

    expect(api.arrivals[0]?.headers.authorization ?? 'none').toMatch(sent)
  })

  it('is for the resource and scope of the route', async () => {
    const { api, send, server, auth, tab } = await signedIn(undefined, {
      resource: 'https://api.example.com/',
    })
    await send('/api/orders/')

    const other = auth.session(new Request(origin, { headers: { cookie: tab.cookieHeader() } }))
    expect(server.counts.refresh).toBe(1)
    expect(api.arrivals[0]?.headers.authorization).not.toBe(
      `Bearer ${(await other.getUserAccessToken())?.value}`,
    )
  })

  it.each(kinds)(
    'is refreshed when due, and the browser receives the cookie, %s session',
    async (session) => {
      const { api, send, clock, server } = await signedIn(undefined, {}, { session })
      await clock.advance(301_000)

      for (let i = 0; i < 2; i++) expect((await send('/api/orders/')).status).toBe(200)
      expect(server.counts.refresh).toBe(1)
      expect(new Set(api.arrivals.map(({ headers }) => headers.authorization)).size).toBe(1)
    },
  )

  const rejectsFirst: Answer = (_arrival, response, count) => {
    if (count === 1) response.writeHead(401, { 'www-authenticate': 'Bearer error="invalid_token"' })
  }

  it('is replaced once when the API rejects it', async () => {
    const { api, send, clock, server } = await signedIn(rejectsFirst)
    await clock.advance(20_000)

    expect((await send('/api/orders/')).status).toBe(200)
    expect(server.counts.refresh).toBe(1)
    expect(new Set(api.arrivals.map(({ headers }) => headers.authorization)).size).toBe(2)
  })

  it('that is rejected with a streamed body is not replaced: the body is gone', async () => {
    const { api, send, clock } = await signedIn(rejectsFirst)
    await clock.advance(20_000)

    expect((await send('/api/orders/', { method: 'POST', body: 'once' })).status).toBe(401)
    expect(api.arrivals).toHaveLength(1)
  })

  it.each(['user', 'user-or-none'] as const)(
    'I7: %s: a failure of the authorization server does not sign the user out',
    async (token) => {
      const { api, send, clock, server, tab } = await signedIn(undefined, { token })
      await clock.advance(301_000)
      server.always('refresh', { type: 'status', status: 503 })
      const response = await send('/api/orders/')

      expect(response.status).toBe(503)
      expect(response.headers.has('retry-after')).toBe(true)
      expect(api.arrivals).toEqual([])
      expect(tab.cookies.size).toBeGreaterThan(0)
    },
  )
})

describe('forgery', () => {
  const navigation = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
  it.each<[string, Record<string, string>]>([
    ['another site', { 'sec-fetch-site': 'cross-site' }],
    ['another site, with the header', { 'sec-fetch-site': 'cross-site', 'x-evertoken': '1' }],
    ['a sibling', { 'sec-fetch-site': 'same-site', origin: 'https://other.example.com' }],
    ['an old browser, by its Origin', { origin: 'https://evil.example' }],
    ['a sandboxed frame', { origin: 'null' }],
    ['nobody knows whom', {}],
    ['a link elsewhere', { 'sec-fetch-site': 'cross-site', ...navigation }],
    ['the address bar', { 'sec-fetch-site': 'none', ...navigation }],
  ])('S21: nothing that carries the cookie passes from %s, not even GET', async (_who, headers) => {
    for (const token of ['user', 'user-or-none', 'none'] as const) {
      const { api, tab } = await signedIn(undefined, { token })
      for (const method of ['GET', 'HEAD', 'POST', 'DELETE', 'OPTIONS']) {
        const response = await tab.get('/api/orders/', undefined, { method, headers })
        expect(response.status).toBe(403)
        expect(await codeOf(response)).toBe('cross_site_request_refused')
      }
      expect(api.arrivals).toEqual([])
    }
  })

  it.each<[string, Record<string, string>]>([
    ['its own page', OWN],
    ['its own page in an old browser', { origin }],
    ['a program', { 'x-evertoken': '1' }],
  ])('S21: passes from %s', async (_who, headers) => {
    const { tab } = await signedIn()
    expect((await tab.get('/api/orders/', undefined, { headers })).status).toBe(200)
  })

  it('S21: a wrong "baseUrl" closes the door instead of opening it', async () => {
    const { tab } = await signedIn(undefined, {}, { baseUrl: 'https://elsewhere.example.com' })
    expect((await tab.get('/api/orders/', undefined, { headers: { origin } })).status).toBe(403)
  })

  it('a request without a cookie cannot be forged', async () => {
    const { send } = await world(undefined, { token: 'none' })
    expect((await send('/api/orders/', { headers: { 'sec-fetch-site': 'cross-site' } })).status).toBe(200)
  })
})

describe('methods', () => {
  it('S21: a route passes those that it names, and no other', async () => {
    const { api, send } = await signedIn(undefined, { methods: ['GET', 'POST'] })
    expect((await send('/api/orders/')).status).toBe(200)
    expect((await send('/api/orders/', { method: 'post', body: 'x' })).status).toBe(200)
    for (const method of ['HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'Get2']) {
      const refused = await send('/api/orders/', { method })
      expect([refused.status, refused.headers.get('allow')]).toEqual([405, 'GET, POST'])
      expect(await codeOf(refused)).toBe('method_refused')
    }
    await send('/api/orders/', { method: 'POST', headers: { 'x-http-method-override': 'DELETE' } })
    expect(api.arrivals.map(({ method }) => method)).toEqual(['GET', 'POST', 'POST'])
    expect(api.arrivals[2]?.headers).not.toHaveProperty('x-http-method-override')
  })
})

describe('paths', () => {
  it.each([
    '..%2fadmin',
    '..%5cadmin',
    '%2e%2e%2fadmin',
    '%252e%252e%252fadmin',
    '%25252e%25252e%25252fadmin',
    'x%2f..%2f..%2fadmin',
    '%2525252e%2525252e%2525252fadmin',
    '%c0%ae%c0%ae%c0%afadmin',
    '%uff0e%uff0e/admin',
    '\uff0e\uff0e/admin',
    '..;/admin',
    '..%00/admin',
    '.%09./admin',
    '%2e%2e%5cadmin',
    'x/..%252f..%2f',
  ])('S30: %s is refused', async (path) => {
    const { api, send } = await signedIn()
    const response = await send(`/api/orders/${path}`)

    expect([response.status, await codeOf(response)]).toEqual([400, 'path_refused'])
    expect(api.arrivals).toEqual([])
  })

  it('S30: a root target is reached by no path that names a host', async () => {
    const { auth, api, tab } = await signedIn()
    const proxy = auth.createTokenProxy({ '/*': { target: api.url, token: 'none' } })
    for (const path of [
      '//evil.example/',
      '/.//evil.example/',
      '/%2fevil.example/',
      '/%5c%5cevil.example/',
    ]) {
      const request = new Request(origin + path)
      const response = await auth.handle(request, async () => (await proxy(request)) ?? new Response())
      expect(response.status).toBe(400)
    }
    expect([api.arrivals, tab.cookies.size > 0]).toEqual([[], true])
  })
})

describe('redirects of the API', () => {
  it.each([
    [302, '/v1/8?a#b', '/api/orders/8?a#b'],
    [307, '8', '/api/orders/8'],
    [201, '/v1/9', '/api/orders/9'],
    [201, 'https://elsewhere.example/9', null],
  ])('S28: %i to %s reaches the browser as %s', async (status, location, expected) => {
    const { api, send } = await signedIn(answers(status, { location }))
    const response = await send('/api/orders/7')

    expect([response.status, response.headers.get('location')]).toEqual([status, expected])
    expect(api.arrivals).toHaveLength(1)
  })

  it.each([301, 302, 303, 307, 308])('S28: %i out of the target is not followed', async (status) => {
    const elsewhere = await createSink(() => {})
    open.push(elsewhere)
    for (const location of [
      `${elsewhere.url}/v1/`,
      '/admin',
      '//evil.example/',
      '/v1/..%2fadmin',
      'https://[',
    ]) {
      const { api, send } = await signedIn(answers(status, { location }))
      const response = await send('/api/orders/7', { method: 'POST', body: 'canary' })

      expect([response.status, await codeOf(response)]).toEqual([502, 'redirect_refused'])
      expect(response.headers.has('location')).toBe(false)
      expect(api.arrivals).toHaveLength(1)
    }
    expect(elsewhere.arrivals).toEqual([])
  })
})

describe('trouble', () => {
  it('an unreachable API is 502, and an event names it', async () => {
    const { api, send, events } = await signedIn()
    api.close()
    const response = await send('/api/orders/')
    const text = await response.clone().text()

    expect([response.status, await codeOf(response)]).toEqual([502, 'api_unavailable'])
    expect(text).not.toContain('127.0.0.1')
    const cause = { name: 'TypeError', code: 'ECONNREFUSED' }
    expect(events).toContainEqual({ type: 'proxy_failed', target: api.url, cause })
  })

  it('an API that fails before its response is 502', async () => {
    const { send } = await signedIn((_arrival, response) => void response.destroy())
    expect((await send('/api/orders/')).status).toBe(502)
  })

  it('a WebSocket is refused, an upgrade to anything else ignored', async () => {
    const { api, send } = await signedIn()
    const refused = await send('/api/orders/', { headers: { upgrade: 'WebSocket', connection: 'Upgrade' } })
    const ignored = await send('/api/orders/', { headers: { upgrade: 'h2c', connection: 'Upgrade' } })

    expect([refused.status, await codeOf(refused)]).toEqual([501, 'upgrade_refused'])
    expect([ignored.status, api.arrivals.length]).toEqual([200, 1])
  })

  it('a caller that leaves before the token arrives sends nothing', async () => {
    const { api, send } = await signedIn()
    const reason = new Error('gone')
    const left = send('/api/orders/', { signal: AbortSignal.abort(reason) })

    await expect(left).rejects.toBe(reason)
    expect(api.arrivals).toEqual([])
  })

  it('a fault of the application in prepareHeaders is its own', async () => {
    const { send } = await signedIn(undefined, {
      prepareHeaders() {
        throw new RangeError('mine')
      },
    })
    await expect(send('/api/orders/')).rejects.toThrow('mine')
  })
})

describe('set-up', () => {
  const { auth } = createApplication()
  const target = 'https://orders.internal/v1/'
  it.each<[string, unknown]>([
    ['no path', { orders: { target, token: 'user' } }],
    ['a pattern that is none', { '/api/**': { target, token: 'user' } }],
    ['no token', { '/a': { target } }],
    ['a wrong token', { '/a': { target, token: 'users' } }],
    ['no target', { '/a': { token: 'user' } }],
    ['plain http', { '/a': { target: 'http://orders.internal/', token: 'none' } }],
    ['credentials', { '/a': { target: 'https://user:pass@orders.internal/', token: 'none' } }],
    ['a query', { '/a': { target: `${target}?a=1`, token: 'user' } }],
    ['a relative target', { '/a': { target: '/v1', token: 'user' } }],
    ['an unknown option', { '/a': { target, token: 'user', antiForgery: false } }],
    ['a wrong style', { '/a': { target, token: 'user', forwarded: true } }],
    ['a resource that is none', { '/a': { target, token: 'user', resource: 'orders' } }],
    ['a fetch that is none', { '/a': { target, token: 'none', fetch: 'x' } }],
    ['a hook that is none', { '/a': { target, token: 'user', prepareHeaders: {} } }],
    ['methods that are none', { '/a': { target, token: 'user', methods: ['get'] } }],
    ['no method', { '/a': { target, token: 'user', methods: [] } }],
    ['a method, not a list', { '/a': { target, token: 'user', methods: 'GET' } }],
    [
      'a request header that never passes',
      { '/a': { target, token: 'user', allowRequestHeaders: ['Cookie'] } },
    ],
    [
      'a response header that never passes',
      { '/a': { target, token: 'user', allowResponseHeaders: ['Set_Cookie'] } },
    ],
    ['a header that is none', { '/a': { target, token: 'user', allowRequestHeaders: ['a b'] } }],
    ['a switch that is none', { '/a': { target, token: 'user', webSocket: 'yes' } }],
    ['no route', { '/a': null }],
  ])('%s is reported immediately', (_what, routes) => {
    expect(() => auth.createTokenProxy(routes as TokenProxyRoutes)).toThrow(
      expect.objectContaining({ name: 'ConfigurationError', code: 'invalid_option' }) as Error,
    )
  })

  it('the most precise route matches, at any position', async () => {
    const { api, auth: ours } = await world()
    const proxy = ours.createTokenProxy({
      '/*': { target: `${api.url}/general/`, token: 'none' },
      '/api/*': { target: `${api.url}/precise/`, token: 'none' },
    })
    for (const path of ['/api/a', '/a']) {
      const request = new Request(origin + path)
      await ours.handle(request, async () => (await proxy(request)) ?? new Response())
    }
    expect(api.arrivals.map(({ path }) => path)).toEqual(['/precise/a', '/general/a'])
  })

  it('works for a session named explicitly, and not for none', async () => {
    const { api, auth: ours, tab } = await signedIn()
    const routes: TokenProxyRoutes = { '/api/me': { target: `${api.url}/users/me`, token: 'user' } }
    const headers = { cookie: tab.cookieHeader(), 'x-evertoken': '1' }
    const request = new Request(`${origin}/api/me?x=1`, { headers })

    expect((await ours.session(request).createTokenProxy(routes)(request))?.status).toBe(200)
    expect(api.arrivals[0]?.path).toBe('/users/me?x=1')
    await expect(ours.createTokenProxy(routes)(request)).rejects.toMatchObject({ code: 'no_current_session' })
  })
})

describe('routes of the application', () => {
  async function judge(headers: Record<string, string>, method = 'GET', baseUrl = origin) {
    const { auth } = createApplication({ baseUrl })
    const request = new Request(`http://127.0.0.1/anything`, { method, headers })
    let verdict: readonly [boolean, number | undefined] = [false, undefined]
    await auth.handle(request, (_request, session) => {
      const refused = auth.refuseCrossSite(request)
      verdict = [auth.isSameOrigin(request), refused?.status]
      expect([session.isSameOrigin(request), session.refuseCrossSite(request)?.status]).toEqual(verdict)
      return new Response()
    })
    return verdict
  }
  const link = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }

  it('S21: knows its own pages from others', async () => {
    const cookie = 'a=1'
    expect(await judge({ cookie, ...OWN }, 'POST')).toEqual([true, undefined])
    expect(await judge({ cookie, origin }, 'POST')).toEqual([true, undefined])
    expect(await judge({ cookie, 'x-evertoken': '1' })).toEqual([true, undefined])
    expect(await judge({ cookie, 'sec-fetch-site': 'cross-site', ...link })).toEqual([false, undefined])
    expect(await judge({})).toEqual([false, undefined])
    expect(await judge({ cookie })).toEqual([false, 403])
    expect(await judge({ cookie, 'sec-fetch-site': 'cross-site' })).toEqual([false, 403])
    expect(await judge({ cookie, 'sec-fetch-site': 'cross-site', ...link }, 'POST')).toEqual([false, 403])
    expect(await judge({ cookie, origin: 'http://127.0.0.1' }, 'POST')).toEqual([false, 403])
    expect(await judge({ cookie, origin }, 'POST', 'https://elsewhere.example')).toEqual([false, 403])
  })

  it('S21: the refusal is typed and not cached', async () => {
    const { auth } = createApplication()
    const request = new Request(origin, { method: 'POST', headers: { cookie: 'a=1' } })
    const refused = auth.session(request).refuseCrossSite(request) ?? new Response()

    expect(await codeOf(refused)).toBe('cross_site_request_refused')
    expect(refused.headers.get('cache-control')).toBe('no-store')
  })
})
