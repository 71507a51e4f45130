import { describe, expect, it } from 'vitest'
import { type BrowserOptions, createAuthorizationServer, createBrowser } from '../../src/index.ts'

const ORIGIN = 'https://app.example.com'

/** An application that responds with the headers that it received, and redirects or sets cookies on request. */
async function echo(request: Request): Promise<Response> {
  const { pathname, searchParams } = new URL(request.url)
  const headers = new Headers()
  for (const line of searchParams.getAll('set')) headers.append('set-cookie', line)
  const location = searchParams.get('to')
  if (location) {
    headers.set('location', location)
    return new Response(null, { status: Number(searchParams.get('status') ?? 302), headers })
  }
  const { method } = request
  const body = await request.text()
  return Response.json({ method, pathname, body, ...Object.fromEntries(request.headers) }, { headers })
}

function path(pathname: string, parameters: Record<string, string>): string {
  return `${pathname}?${new URLSearchParams(parameters)}`
}

const open = (options: BrowserOptions = {}) =>
  createBrowser({ authorizationServer: { fetch: echo }, ...options })

describe('fetch', () => {
  it('sends cookies and honest headers as a page of the application', async () => {
    const browser = open()
    await browser.fetch(echo, path('/', { set: 'a=1; Path=/; Secure' }))
    const response = await browser.fetch(echo, '/orders', {
      method: 'POST',
      body: 'x',
      headers: { cookie: 'a=2', 'sec-fetch-site': 'none', origin: 'https://evil.example', 'x-own': 'yes' },
    })
    expect(await response.json()).toMatchObject({
      method: 'POST',
      pathname: '/orders',
      body: 'x',
      cookie: 'a=1',
      origin: ORIGIN,
      accept: '*/*',
      'sec-fetch-site': 'same-origin',
      'sec-fetch-mode': 'cors',
      'sec-fetch-dest': 'empty',
      'x-own': 'yes',
    })
    expect(browser.cookie).toBe('a=1')
  })

  it('acts as a page of another site, without cookies that are not for it', async () => {
    const browser = open()
    browser.jar.store('lax=1; Path=/; SameSite=Lax', ORIGIN)
    browser.jar.store('none=1; Path=/; SameSite=None; Secure', ORIGIN)
    const initiator = 'https://evil.example/page'
    const response = await browser.fetch(echo, '/', { initiator })
    const headers = (await response.json()) as Record<string, string>
    expect(headers).toMatchObject({
      cookie: 'none=1',
      origin: 'https://evil.example',
      'sec-fetch-site': 'cross-site',
    })
    const sibling = await browser.fetch(echo, '/', { initiator: 'https://other.example.com' })
    expect(await sibling.json()).toMatchObject({ cookie: 'lax=1; none=1', 'sec-fetch-site': 'same-site' })
    await browser.fetch(echo, path('/', { set: 'b=1' }), { initiator })
    expect(browser.jar.get('b')).toBeUndefined()
  })

  it('sends no Sec-Fetch headers over http, except to the own machine', async () => {
    for (const [baseUrl, site] of [
      ['http://app.example.com', undefined],
      ['http://localhost:3000', 'same-origin'],
      ['http://127.0.0.1:3000', 'same-origin'],
    ] as const) {
      const headers = (await (await open({ baseUrl }).fetch(echo, '/')).json()) as Record<string, string>
      expect(headers['sec-fetch-site']).toBe(site)
    }
  })

  it('follows redirects within the application, and sends a body again with 307', async () => {
    const browser = open()
    const send = async (status: string) => {
      const url = path('/from', { to: '/target', status, set: `s=${status}; Path=/` })
      const headers = { 'content-type': 'text/x' }
      return (await browser.fetch(echo, url, { method: 'POST', body: 'x', headers })).json()
    }
    expect(await send('307')).toMatchObject({
      method: 'POST',
      body: 'x',
      cookie: 's=307',
      'content-type': 'text/x',
    })
    for (const status of ['302', '303']) {
      const landed = await send(status)
      expect(landed).toMatchObject({ method: 'GET', body: '', cookie: `s=${status}` })
      expect(landed).not.toHaveProperty('content-type')
    }
    const manual = await browser.fetch(echo, path('/from', { to: '/target' }), { redirect: 'manual' })
    expect(manual.headers.get('location')).toBe('/target')
  })

  it('does not leave the application', async () => {
    const browser = open()
    const leaving = path('/', { to: 'https://login.example.com/' })
    for (const url of [leaving, 'https://login.example.com/'])
      await expect(browser.fetch(echo, url)).rejects.toMatchObject({
        name: 'TypeError',
        cause: { message: expect.stringMatching(/Use `navigate`/) },
      })
  })

  it('takes a request too', async () => {
    const request = new Request(`${ORIGIN}/orders`, { method: 'PUT', body: 'x' })
    expect(await (await open().fetch(echo, request)).json()).toMatchObject({ method: 'PUT', body: 'x' })
  })

  it('ignores the response after an abort, cookies included', async () => {
    const browser = open()
    const controller = new AbortController()
    let respond: (response: Response) => void = () => undefined
    const responded = new Promise<Response>((resolve) => (respond = resolve))
    const fetching = browser.fetch(() => responded, '/', { signal: controller.signal })
    await new Promise((resolve) => setTimeout(resolve))
    controller.abort()
    await expect(fetching).rejects.toThrow(/abort/)
    respond(new Response(null, { headers: { 'set-cookie': 'a=1' } }))
    await responded
    await new Promise((resolve) => setTimeout(resolve))
    expect(browser.cookie).toBe('')
  })
})

describe('request', () => {
  it('creates the request of a page of the application', async () => {
    const browser = open()
    browser.jar.store('a=1; Path=/', ORIGIN)
    const request = browser.request('/orders', { method: 'POST', body: 'x' })
    expect([request.url, request.headers.get('cookie'), await request.text()]).toEqual([
      `${ORIGIN}/orders`,
      'a=1',
      'x',
    ])
    expect([request.headers.get('sec-fetch-site'), request.headers.get('origin')]).toEqual([
      'same-origin',
      ORIGIN,
    ])
  })
})

describe('navigate', () => {
  it('opens a typed address', async () => {
    const browser = open()
    browser.jar.store('strict=1; Path=/; SameSite=Strict', ORIGIN)
    const headers = (await (await browser.navigate(echo, '/page')).json()) as Record<string, string>
    expect(headers).toMatchObject({
      cookie: 'strict=1',
      accept: expect.stringContaining('text/html'),
      'sec-fetch-site': 'none',
      'sec-fetch-mode': 'navigate',
      'sec-fetch-dest': 'document',
      'sec-fetch-user': '?1',
    })
    expect(headers).not.toHaveProperty('origin')
  })

  it('comes back from another site without Strict cookies', async () => {
    const browser = open()
    browser.jar.store('strict=1; Path=/; SameSite=Strict', ORIGIN)
    browser.jar.store('lax=1; Path=/', ORIGIN)
    const back = `https://login.example.org${path('/', { to: `${ORIGIN}/callback` })}`
    const response = await browser.navigate(echo, path('/login', { to: back }))
    expect(await response.json()).toMatchObject({
      pathname: '/callback',
      cookie: 'lax=1',
      'sec-fetch-site': 'cross-site',
    })
  })

  it('posts a form from another site, and loads a frame', async () => {
    const browser = open()
    browser.jar.store('lax=1; Path=/', ORIGIN)
    const initiator = 'https://evil.example'
    const posted = await (await browser.navigate(echo, '/', { initiator, method: 'POST', body: 'x' })).json()
    expect(posted).toMatchObject({ origin: initiator, 'sec-fetch-site': 'cross-site' })
    expect(posted).not.toHaveProperty('cookie')
    const framed = await (await browser.navigate(echo, '/', { initiator, destination: 'iframe' })).json()
    expect(framed).toMatchObject({ 'sec-fetch-dest': 'iframe', 'sec-fetch-mode': 'navigate' })
    expect(framed).not.toHaveProperty('cookie')
  })

  it('rejects too many redirects, and other origins without an authorization server', async () => {
    const loop = () => new Response(null, { status: 302, headers: { location: '/' } })
    await expect(open().navigate(loop, '/')).rejects.toMatchObject({
      cause: { message: 'Too many redirects' },
    })
    const elsewhere = path('/', { to: 'https://login.example.com/' })
    await expect(createBrowser().navigate(echo, elsewhere)).rejects.toMatchObject({
      cause: { message: expect.stringContaining('authorizationServer') },
    })
  })
})

describe('tabs and late requests', () => {
  it('shares cookies between tabs', async () => {
    const browser = open()
    const tab = browser.openTab()
    await tab.fetch(echo, path('/', { set: 'a=1; Path=/' }))
    expect(await (await browser.fetch(echo, '/')).json()).toMatchObject({ cookie: 'a=1' })
  })

  it('sends old cookies with a late request, and stores the cookies of its response', async () => {
    const browser = open()
    browser.jar.store('a=1; Path=/', ORIGIN)
    const old = browser.snapshot()
    browser.jar.store('a=2; Path=/', ORIGIN)
    const late = await browser.fetch(echo, path('/', { set: 'b=3; Path=/' }), { cookies: old })
    expect(await late.json()).toMatchObject({ cookie: 'a=1' })
    expect([browser.cookie, browser.request('/', { cookies: old }).headers.get('cookie')]).toEqual([
      'a=2; b=3',
      'a=1',
    ])
    const followed = await browser.fetch(echo, path('/', { to: '/next' }), { cookies: old })
    expect(await followed.json()).toMatchObject({ cookie: 'a=2; b=3' })
    browser.restore(old)
    expect(browser.cookie).toBe('a=1')
  })
})

describe('signIn', () => {
  it('reports where it failed, without the code', async () => {
    const server = createAuthorizationServer()
    const authorize = new URL(`${server.issuer}/authorize`)
    authorize.search = new URLSearchParams({
      client_id: 'web',
      response_type: 'code',
      redirect_uri: `${ORIGIN}/auth/callback`,
      code_challenge: 'x'.repeat(43),
      code_challenge_method: 'S256',
    }).toString()
    const app = ({ url }: Request) =>
      new URL(url).pathname === '/auth/login'
        ? new Response(null, { status: 302, headers: { location: authorize.href } })
        : new Response('code_', { status: 400 })
    const browser = createBrowser({ authorizationServer: server })
    await expect(browser.signIn(app)).rejects.toThrow(
      /^The sign-in failed\. https:\/\/app\.example\.com\/auth\/callback responded with 400\. Check its response\.$/,
    )
    await expect(browser.signIn(() => new Response())).rejects.toThrow(/\/auth\/login responded with 200/)
  })
})
