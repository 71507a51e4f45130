import { gzipSync } from 'node:zlib'
import type { Handler } from '@evertoken/core'
import { type Evertoken, relay, type TokenFetch } from '@evertoken/node'
import { afterEach, describe, expect, it } from 'vitest'
import { type Application, type Browser, createApplication, kinds, origin } from './application.ts'
import { createSink, type Sink } from './sink.ts'

const open: Sink[] = []
afterEach(() => {
  for (const opened of open.splice(0)) opened.close()
})

const ORDERS = {
  'set-cookie': ['theme=canary', '__Host-Http-evertoken=canary; Path=/; Secure'],
  'clear-site-data': '"cookies", "storage", "canary"',
  'strict-transport-security': 'max-age=0; canary',
  'access-control-allow-origin': 'https://canary.example',
  refresh: '0;url=https://canary.example',
  'x-accel-redirect': '/canary',
  'x-sendfile': '/canary',
  'service-worker-allowed': '/canary',
  'x-unknown': 'canary',
}
const KEPT = {
  'content-type': 'text/csv',
  'content-disposition': 'attachment; filename="orders.csv"',
  etag: '"1"',
  'last-modified': 'Sun, 06 Nov 1994 08:49:37 GMT',
  link: '</orders?page=2>; rel="next"',
  'ratelimit-remaining': '7',
}

interface World extends Application {
  readonly orders: TokenFetch
  readonly tab: Browser
}

async function world(
  make: (orders: TokenFetch, auth: Evertoken) => Promise<Response>,
  headers: Record<string, string | string[]> = { ...ORDERS, ...KEPT, 'cache-control': 'public, max-age=60' },
  body: string | Buffer = 'ok',
): Promise<World> {
  const api = await createSink((_arrival, response) => void response.writeHead(200, headers).end(body))
  open.push(api)
  const application = createApplication()
  const orders = application.auth.createTokenFetch({ baseUrl: `${api.url}/` })
  const tab = application.browser(() => make(orders, application.auth))
  await tab.signIn()
  return { ...application, orders, tab }
}

function expectRelayed({ headers }: Response): void {
  expect(JSON.stringify([...headers])).not.toContain('canary')
  expect(Object.fromEntries(headers)).toMatchObject(KEPT)
  expect(headers.get('cache-control')).toBe('max-age=60, private')
  expect(headers.get('vary')).toBe('cookie')
}

describe('S33: an application that passes the response of an API on', () => {
  it.each<[string, (orders: TokenFetch) => Promise<Response>]>([
    ['by relay', async (orders) => relay(await orders('recent'))],
    ['unchanged', (orders) => orders('recent')],
    ['as a clone', async (orders) => (await orders('recent')).clone()],
    [
      'in a new response',
      async (orders) => {
        const response = await orders('recent')
        return new Response(response.body, response)
      },
    ],
    [
      'with its headers alone',
      async (orders) => {
        const response = await orders('recent')
        return new Response(await response.text(), response)
      },
    ],
    [
      'with some of its headers',
      async (orders) => {
        const { body, headers } = await orders('recent')
        const own = new Headers(headers)
        own.delete('date')
        return new Response(body, { headers: own })
      },
    ],
  ])('%s, gives the browser only safe headers', async (_how, make) => {
    const { tab } = await world(make)
    const response = await tab.get('/')

    expectRelayed(response)
    expect(await response.text()).toBe('ok')
    expect([...tab.cookies.keys()]).toEqual(['__Host-Http-evertoken'])
  })

  it('keeps the headers that the application sets itself', async () => {
    const own = { 'strict-transport-security': 'max-age=1', 'x-unknown': 'mine', 'cache-control': 'public' }
    const { tab } = await world(async (orders) => {
      const { body, headers } = await orders('recent')
      const copy = new Headers(headers)
      for (const [name, value] of Object.entries(own)) copy.set(name, value)
      copy.append('set-cookie', 'mine=1')
      return new Response(body, { headers: copy })
    })
    const { headers } = await tab.get('/')

    expect(Object.fromEntries(headers)).toMatchObject(own)
    expect(headers.getSetCookie()).toEqual(['mine=1'])
  })

  it('leaves other responses of the application as they are', async () => {
    const own = {
      'strict-transport-security': 'max-age=0; canary',
      'x-unknown': 'canary',
      'set-cookie': 'a=1',
    }
    const { tab } = await world(async (orders) => {
      await (await orders('recent')).text()
      return new Response('page', { headers: own })
    })
    const { headers } = await tab.get('/')
    expect(Object.fromEntries(headers)).toEqual({ ...own, 'content-type': 'text/plain;charset=UTF-8' })
  })

  it('does not take a page for a copy because both have the same type', async () => {
    const fetch: TokenFetch = async () => new Response('ok')
    const { auth, browser } = createApplication()
    const orders = auth.createTokenFetch({ baseUrl: 'https://api.example.com/', fetch })
    const tab = browser(async () => new Response(`page: ${await (await orders('recent')).text()}`))
    await tab.signIn()
    expect((await tab.get('/')).headers.has('cache-control')).toBe(false)
  })

  it('gets further headers by an option, and never those that are orders', async () => {
    const headers = { 'x-unknown': 'cost', 'content-type': 'a/b' }
    const { tab } = await world(
      async (orders) => relay(await orders('recent'), { allowHeaders: ['X-Unknown'] }),
      headers,
    )
    expect((await tab.get('/')).headers.get('x-unknown')).toBe('cost')

    for (const name of ['Set-Cookie', 'Refresh', 'clear_site_data', 'a b', 7])
      expect(() => relay(new Response(), { allowHeaders: [name as string] })).toThrow(
        expect.objectContaining({ name: 'ConfigurationError', code: 'invalid_option' }) as Error,
      )
  })

  it('reports an error if the body is used', async () => {
    const used = new Response('once')
    await used.text()
    const refused = { name: 'ConfigurationError', code: 'response_not_sendable' }
    expect(() => relay(used)).toThrow(expect.objectContaining(refused) as Error)
    expect(() => relay(undefined as never)).toThrow(expect.objectContaining(refused) as Error)
  })

  it('S25: adds private if the API sets no caching', async () => {
    const { tab } = await world((orders) => orders('recent'), {})
    const { headers } = await tab.get('/')
    expect([headers.get('cache-control'), headers.get('vary')]).toEqual(['private', 'cookie'])
  })

  it.each([
    [302, null],
    [201, '/orders/1'],
  ])('redirects the browser to no page: status %i', async (status, expected) => {
    const headers = { location: '/orders/1', date: 'now' }
    const make: Handler = async () => {
      const fetch: TokenFetch = async () => new Response(null, { status, headers })
      const orders = auth.createTokenFetch({ baseUrl: 'https://api.example.com/', fetch })
      return orders('recent', { redirect: 'manual' })
    }
    const { auth, browser } = createApplication()
    const tab = browser(make)
    await tab.signIn()
    expect((await tab.get('/')).headers.get('location')).toBe(expected)
    expect(relay(new Response(null, { status, headers })).headers.get('location')).toBe(expected)
  })
})

describe('D8: a token fetch response', () => {
  it('has no encoding that is undone, and keeps its URL', async () => {
    const headers = { 'content-encoding': 'gzip', 'content-length': `${gzipSync('orders').length}` }
    const seen: unknown[] = []
    const { tab } = await world(
      async (orders) => {
        const response = await orders('recent')
        const { status, redirected, type } = response
        seen.push(status, redirected, type, new URL(response.url).pathname)
        seen.push(response.headers.get('content-encoding'), response.headers.get('content-length'))
        return new Response(await response.clone().text())
      },
      headers,
      gzipSync('orders'),
    )
    expect(await (await tab.get('/')).text()).toBe('orders')
    expect(seen).toEqual([200, false, 'basic', '/recent', null, null])
  })
})

describe.each(kinds)('S33: cookies of Evertoken, %s session', (session) => {
  it.each([
    '__Host-Http-evertoken=canary; Path=/; Secure; HttpOnly',
    '__Host-Http-evertoken=; Max-Age=0; Path=/; Secure',
    '__Host-Http-evertoken.1=canary',
    '__Host-Http-evertoken.login.abc=canary',
    '=__Host-Http-evertoken=canary',
    ' \t= __Host-Http-evertoken=canary',
    '__Host-Http-evertoken',
    '  __Host-Http-evertoken  =canary',
  ])('nothing that passes a handler sets %j', async (line) => {
    const { auth, browser } = createApplication({ session })
    const tab = browser(async () => {
      const headers = new Headers({ 'clear-site-data': '"cache", "cookies", "*"' })
      headers.append('set-cookie', 'mine=1')
      headers.append('set-cookie', line)
      return new Response('page', { headers })
    })
    const { headers } = await tab.get('/')
    expect(headers.getSetCookie()).toEqual(['mine=1'])
    expect(headers.get('clear-site-data')).toBe('"cache"')

    const response = new Response('', { headers: { 'set-cookie': line, 'clear-site-data': '"*"' } })
    const answered = await auth.session(new Request(origin)).commit(response)
    expect([...answered.headers.keys()]).toEqual(['content-type'])
  })

  it('but those that Evertoken has written pass a second handler', async () => {
    const { auth, browser, server } = createApplication({ session })
    const tokens = await server.issue()
    const inner: Handler = async () => {
      await auth.startSession(tokens)
      return new Response('started')
    }
    const tab = browser((request) => auth.handle(request, inner))
    await tab.get('/')
    expect([...tab.cookies.keys()]).toEqual(['__Host-Http-evertoken'])
    const login = await tab.get('/', undefined, {}, () =>
      auth.handle(new Request(`${origin}/auth/login`), inner),
    )
    expect(login.headers.getSetCookie()[0]).toMatch(/^__Host-Http-evertoken\.login\./)
  })
})

it('E4: a response keeps the properties of its platform when it gets a cookie', async () => {
  const { auth, browser, server } = createApplication()
  const tokens = await server.issue()
  // As the `Response` of Workers, which hands them on only when it is made from a response.
  class PlatformResponse extends Response {
    readonly encodeBody: unknown
    constructor(body?: BodyInit | null, init?: ResponseInit & { encodeBody?: string }) {
      super(body, init)
      this.encodeBody = init?.encodeBody ?? 'automatic'
    }
  }
  const standard = globalThis.Response
  globalThis.Response = PlatformResponse
  try {
    const tab = browser(async () => {
      await auth.startSession(tokens)
      return new PlatformResponse('gzip', { encodeBody: 'manual', headers: { 'content-encoding': 'gzip' } })
    })
    const response = await tab.get('/')
    expect(response.headers.getSetCookie()).toHaveLength(1)
    expect(response).toMatchObject({ encodeBody: 'manual' })
    expect(response.headers.get('content-encoding')).toBe('gzip')
  } finally {
    globalThis.Response = standard
  }
})
