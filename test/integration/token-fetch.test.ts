import type { ServerResponse } from 'node:http'
import {
  ConfigurationError,
  createMemoryStore,
  type SessionStore,
  type TokenFetch,
  type TokenFetchOptions,
} from '@evertoken/core'
import { afterEach, describe, expect, it } from 'vitest'
import { createApplication, kinds } from './application.ts'
import { type Arrival, createSink, type Sink } from './sink.ts'

const open: Sink[] = []
afterEach(() => {
  for (const opened of open.splice(0)) opened.close()
})

type Answer = (arrival: Arrival, response: ServerResponse, count: number) => void

async function sink(answer: Answer = () => {}): Promise<Sink> {
  const created = await createSink(answer)
  open.push(created)
  return created
}

const redirectTo =
  (location: string, status = 302): Answer =>
  (_arrival, response) => {
    response.writeHead(status, { location })
  }
const challenge =
  (error: string, times = Infinity): Answer =>
  (_arrival, response, count) => {
    if (count <= times) response.writeHead(401, { 'www-authenticate': `Bearer error="${error}"` })
  }

/** Makes one call for a signed-in user. */
async function call(
  baseUrl: string,
  run: (api: TokenFetch) => Promise<Response>,
  options: TokenFetchOptions = {},
  advanceMs = 0,
) {
  const { auth, server, clock, browser } = createApplication({ session: 'server' })
  const api = auth.createTokenFetch({ baseUrl, ...options })
  const outcome: { response?: Response; error?: unknown } = {}
  const tab = browser(async () => {
    await run(api).then(
      (response) => (outcome.response = response),
      (error: unknown) => (outcome.error = error),
    )
    return new Response()
  })
  await tab.signIn()
  await clock.advance(advanceMs)
  await tab.get('/')
  return { ...outcome, server }
}

describe('where the token goes', () => {
  it('S4: only in the header, to a URL below the base', async () => {
    const api = await sink()
    const { response } = await call(`${api.url}/v1/`, (fetch) =>
      fetch('orders?page=2', { method: 'PUT', body: 'x' }),
    )

    expect(response?.status).toBe(200)
    expect(api.arrivals).toHaveLength(1)
    expect(api.arrivals[0]).toMatchObject({ method: 'PUT', path: '/v1/orders?page=2', body: 'x' })
    expect(api.arrivals[0]?.headers.authorization).toMatch(/^Bearer at_/)
  })

  it.each([
    '/v2/orders',
    '../secret',
    'https://elsewhere.example/',
    '//elsewhere.example/',
    'http://user:pass@127.0.0.1/',
  ])('I3: refuses %s instead of sending it bare', async (target) => {
    const api = await sink()
    const { response, error } = await call(`${api.url}/v1/`, (fetch) => fetch(target), {
      throwTokenErrors: true,
    })

    expect(response).toBeUndefined()
    expect(error).toMatchObject({ name: 'ConfigurationError', code: 'origin_not_allowed' })
    expect(api.arrivals).toHaveLength(0)
  })

  it('takes it to the further URLs that are allowed as well', async () => {
    const [api, other] = [await sink(), await sink()]
    const { response } = await call(`${api.url}/v1/`, (fetch) => fetch(`${other.url}/reports/7`), {
      allowedUrls: [`${other.url}/reports`],
    })

    expect(response?.status).toBe(200)
    expect(other.arrivals.map(({ path }) => path)).toEqual(['/reports/7'])
    expect(other.arrivals[0]?.headers.authorization).toMatch(/^Bearer at_/)
    expect(api.arrivals).toHaveLength(0)
  })

  it('I3: refuses URLs next to the additional allowed ones', async () => {
    const [api, other] = [await sink(), await sink()]
    const { error } = await call(`${api.url}/v1/`, (fetch) => fetch(`${other.url}/reports-admin`), {
      allowedUrls: [`${other.url}/reports`],
      throwTokenErrors: true,
    })

    expect(error).toMatchObject({ code: 'origin_not_allowed' })
    expect(other.arrivals).toHaveLength(0)
  })

  it('keeps everything of a Request', async () => {
    const api = await sink()
    const request = new Request(`${api.url}/a`, {
      method: 'POST',
      headers: { 'x-trace': '1', authorization: 'Bearer of-somebody-else' },
      body: JSON.stringify({ a: 1 }),
    })
    await call(api.url, (fetch) => fetch(request, { headers: { 'x-trace': '2' } }))

    expect(api.arrivals[0]).toMatchObject({ method: 'POST', body: '{"a":1}' })
    expect(api.arrivals[0]?.headers['x-trace']).toBe('2')
    expect(api.arrivals[0]?.headers.authorization).toMatch(/^Bearer at_/)
  })

  it('streams a body', async () => {
    const api = await sink()
    const body = new Blob(['a', 'b']).stream()
    await call(api.url, (fetch) => fetch('/', { method: 'POST', body, duplex: 'half' } as RequestInit))

    expect(api.arrivals[0]?.body).toBe('ab')
  })
})

describe('redirects', () => {
  it.each([301, 302, 303, 307, 308])('S28: %i keeps the token on its origin', async (status) => {
    const api = await sink((arrival, response) => {
      if (arrival.path === '/v1/a') response.writeHead(status, { location: '/v1/b' })
    })
    const { response } = await call(`${api.url}/v1/`, (fetch) => fetch('a'))

    expect(response?.status).toBe(200)
    expect(api.arrivals.map(({ headers }) => headers.authorization)).toEqual(
      Array(2).fill(expect.stringMatching(/^Bearer/)),
    )
  })

  it.each([301, 302, 303, 307, 308])(
    'I3: %i takes neither token nor key to another origin',
    async (status) => {
      const other = await sink()
      const api = await sink(redirectTo(`${other.url}/b`, status))
      const { response } = await call(api.url, (fetch) =>
        fetch('/a', { headers: { 'x-api-key': 'key', cookie: 'c=1', dpop: 'proof', accept: 'text/plain' } }),
      )

      expect(response?.status).toBe(200)
      const { headers } = other.arrivals[0] ?? {}
      expect(headers).toMatchObject({ accept: 'text/plain' })
      for (const name of ['authorization', 'x-api-key', 'cookie', 'dpop'])
        expect(headers).not.toHaveProperty(name)
    },
  )

  it('I3: does not take the token back once it has left', async () => {
    const api = await sink((arrival, response) => {
      if (arrival.path === '/a') response.writeHead(302, { location: `${other.url}/` })
    })
    const other: Sink = await sink((_arrival, response) =>
      response.writeHead(302, { location: `${api.url}/b` }),
    )
    await call(api.url, (fetch) => fetch('/a'))

    expect(api.arrivals.map(({ path, headers }) => [path, headers.authorization !== undefined])).toEqual([
      ['/a', true],
      ['/b', false],
    ])
  })

  it('leaves the token behind outside the path prefix', async () => {
    const api = await sink((arrival, response) => {
      if (arrival.path === '/v1/a') response.writeHead(302, { location: '/login' })
    })
    await call(`${api.url}/v1/`, (fetch) => fetch('a'))

    expect(api.arrivals.at(-1)).toMatchObject({ path: '/login' })
    expect(api.arrivals.at(-1)?.headers).not.toHaveProperty('authorization')
  })

  it.each([
    ['a body', 307, 'POST', 'secret'],
    ['a change', 308, 'DELETE', undefined],
  ])('I3: refuses to take %s to another origin', async (_what, status, method, body) => {
    const other = await sink()
    const api = await sink(redirectTo(other.url, status))
    const { error } = await call(api.url, (fetch) => fetch('/', { method, ...(body && { body }) }))

    expect(error).toMatchObject({ code: 'redirect_refused' })
    expect(other.arrivals).toHaveLength(0)
  })

  it('turns POST into GET where browsers do, and leaves the body behind', async () => {
    const api = await sink((arrival, response) => {
      if (arrival.path === '/a') response.writeHead(302, { location: '/b' })
    })
    await call(api.url, (fetch) =>
      fetch('/a', { method: 'POST', body: 'x', headers: { 'content-type': 'text/x' } }),
    )

    expect(api.arrivals[1]).toMatchObject({ method: 'GET', body: '' })
    expect(api.arrivals[1]?.headers).not.toHaveProperty('content-type')
  })

  it('hands a redirect over when asked to', async () => {
    const api = await sink(redirectTo('/b'))
    const { response } = await call(api.url, (fetch) => fetch('/a', { redirect: 'manual' }))

    expect(response?.status).toBe(302)
    expect(api.arrivals).toHaveLength(1)
  })

  it('refuses a redirect with a user name in it', async () => {
    const api = await sink((_arrival, response, count) => {
      if (count === 1) response.writeHead(302, { location: `//user:pass@${new URL(api.url).host}/` })
    })
    const { error } = await call(api.url, (fetch) => fetch('/a'))

    expect(error).toMatchObject({ code: 'redirect_refused' })
    expect(api.arrivals).toHaveLength(1)
  })

  it('does not turn round for ever', async () => {
    const api = await sink(redirectTo('/a'))
    const { error } = await call(api.url, (fetch) => fetch('/a'))

    expect(error).toMatchObject({ code: 'redirect_refused' })
    expect(api.arrivals).toHaveLength(21)
  })
})

describe('a rejected token', () => {
  it('is replaced once and the call sent again', async () => {
    const api = await sink(challenge('invalid_token', 1))
    const { response, server } = await call(
      api.url,
      (fetch) => fetch('/', { method: 'POST', body: 'x' }),
      {},
      20_000,
    )

    expect(response?.status).toBe(200)
    expect(api.arrivals.map(({ body }) => body)).toEqual(['x', 'x'])
    expect(new Set(api.arrivals.map(({ headers }) => headers.authorization)).size).toBe(2)
    expect(server.counts.refresh).toBe(1)
  })

  it('costs one refresh, however many calls meet it', async () => {
    const rejected = new Set<string | undefined>()
    const api = await sink((arrival, response, count) => {
      if (count === 1) rejected.add(arrival.headers.authorization)
      if (rejected.has(arrival.headers.authorization)) challenge('invalid_token')(arrival, response, count)
    })
    const statuses: number[] = []
    const { server } = await call(
      api.url,
      async (fetch) => {
        const responses = await Promise.all(Array.from({ length: 50 }, () => fetch('/')))
        statuses.push(...responses.map(({ status }) => status))
        return new Response()
      },
      {},
      20_000,
    )

    expect(statuses).toEqual(Array(50).fill(200))
    expect(server.counts.refresh).toBe(1)
  })

  it('is replaced twice in a row, and then not for a while when the API rejects every token', async () => {
    const api = await sink(challenge('invalid_token'))
    const { response, server } = await call(
      api.url,
      async (fetch) => {
        for (let i = 0; i < 4; i++) await fetch('/')
        return fetch('/')
      },
      {},
      20_000,
    )

    expect(response?.status).toBe(401)
    expect(server.counts.refresh).toBe(2)
  })

  it.each(['insufficient_scope', 'insufficient_user_authentication', 'invalid_request'])(
    'S19: %s is returned to the caller unchanged',
    async (error) => {
      const api = await sink(challenge(error))
      const { response, server } = await call(api.url, (fetch) => fetch('/'), {}, 20_000)

      expect(response?.headers.get('www-authenticate')).toBe(`Bearer error="${error}"`)
      expect(api.arrivals).toHaveLength(1)
      expect(server.counts.refresh).toBe(0)
    },
  )

  it('a 401 without a challenge is a rejection', async () => {
    const api = await sink((_arrival, response, count) => {
      if (count === 1) response.writeHead(401)
    })
    const { response, server } = await call(api.url, (fetch) => fetch('/'), {}, 20_000)

    expect(response?.status).toBe(200)
    expect(server.counts.refresh).toBe(1)
  })

  it.each([
    ['of a string', 'x'.repeat(65_536)],
    ['of a stream', new Blob(['x'.repeat(60_000)]).stream()],
  ])('a Request with a body %s is sent again, if the body has at most 64 KB', async (_what, body) => {
    const api = await sink(challenge('invalid_token', 1))
    const init = { method: 'POST', body, duplex: 'half', headers: { 'content-type': 'application/json' } }
    const { response } = await call(
      api.url,
      (fetch) => fetch(new Request(`${api.url}/orders/`, init)),
      {},
      20_000,
    )

    expect(response?.status).toBe(200)
    const [first, second] = api.arrivals
    expect(second?.body).toBe(first?.body)
    expect(second?.headers['content-type']).toBe('application/json')
    expect(second?.headers['content-length']).toBe(`${first?.body.length}`)
    if (typeof body === 'string') expect(first?.headers['content-length']).toBe('65536')
  })

  it('a Request with a longer body is sent once, and completely', async () => {
    const api = await sink(challenge('invalid_token'))
    const body = 'x'.repeat(65_537)
    const { response } = await call(
      api.url,
      (fetch) => fetch(new Request(`${api.url}/orders/`, { method: 'POST', body })),
      {},
      20_000,
    )

    expect(response?.status).toBe(401)
    expect(api.arrivals.map((arrival) => arrival.body.length)).toEqual([65_537])
  })

  it('the body of a Request is not sent in place of the body of the options', async () => {
    const api = await sink(challenge('invalid_token'))
    const init = { method: 'POST', body: new Blob(['new']).stream(), duplex: 'half' }
    const { response } = await call(
      api.url,
      (fetch) => fetch(new Request(`${api.url}/orders/`, { method: 'POST', body: 'old' }), init),
      {},
      20_000,
    )

    expect(response?.status).toBe(401)
    expect(api.arrivals.map(({ body }) => body)).toEqual(['new'])
  })

  it('after a redirect, only the last request is repeated', async () => {
    const api = await sink((arrival, response, count) => {
      if (arrival.method === 'POST') response.writeHead(303, { location: '/orders/1' })
      else if (count === 2) response.writeHead(401)
    })
    const { response } = await call(
      api.url,
      (fetch) => fetch('/orders/', { method: 'POST', body: 'an order' }),
      {},
      20_000,
    )

    expect(response?.status).toBe(200)
    expect(api.arrivals.map(({ method, body }) => [method, body])).toEqual([
      ['POST', 'an order'],
      ['GET', ''],
      ['GET', ''],
    ])
  })

  it('the application can decide, by the status and the body', async () => {
    const api = await sink((_arrival, response, count) => {
      response.writeHead(count === 1 ? 403 : 200, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ ok: count > 3 }))
    })
    const seen: number[] = []
    const isTokenRejected = async (response: Response) => {
      seen.push(response.status)
      return response.status === 403 || !((await response.json()) as { ok: boolean }).ok
    }
    const bodies: unknown[] = []
    await call(
      api.url,
      async (fetch) => {
        for (let i = 0; i < 2; i++) bodies.push(await (await fetch('/')).json())
        return new Response()
      },
      { isTokenRejected },
      20_000,
    )

    expect(seen).toEqual([403, 200])
    expect(bodies).toEqual([{ ok: false }, { ok: true }])
  })

  it('sends no side effect twice: a stream is not sent again', async () => {
    const api = await sink(challenge('invalid_token'))
    const body = new Blob(['a']).stream()
    const { response, server } = await call(
      api.url,
      (fetch) => fetch('/', { method: 'POST', body, duplex: 'half' } as RequestInit),
      {},
      20_000,
    )

    expect(response?.status).toBe(401)
    expect(api.arrivals).toHaveLength(1)
    // For the next call.
    expect(server.counts.refresh).toBe(1)
  })

  it.each(kinds)(
    'a stream with a token that was revoked costs one 401, not one for each, %s',
    async (session) => {
      const memory = createMemoryStore({ clock: { now: () => 0, elapsed: () => 0 } })
      const turn = () => new Promise((resolve) => setImmediate(resolve))
      const store: SessionStore = {
        ...memory,
        read: (key) => turn().then(() => memory.read(key)),
        swap: (...swap) => turn().then(() => memory.swap(...swap)),
      }
      const { auth, clock, browser } = createApplication({ session, store })
      const revoked = new Set<string>()
      const api = await sink((arrival, response) => {
        if (revoked.has(arrival.headers.authorization ?? ''))
          response.writeHead(401, { 'www-authenticate': 'Bearer error="invalid_token"' })
      })
      const orders = auth.createTokenFetch({ baseUrl: api.url })
      const tab = browser(async () => {
        const body = new Blob(['x']).stream()
        const { status } = await orders('/', { method: 'POST', body, duplex: 'half' } as RequestInit)
        return new Response(null, { status })
      })
      await tab.signIn()
      await tab.get('/')
      revoked.add(api.arrivals[0]?.headers.authorization ?? '')
      await clock.advance(60_000)

      expect((await tab.get('/')).status).toBe(401)
      expect((await tab.get('/')).status).toBe(200)
    },
  )

  it('a caller that did not receive the token cannot reject it', async () => {
    const other = await sink(challenge('invalid_token'))
    const api = await sink(redirectTo(`${other.url}/file`))
    const { response, server } = await call(api.url, (fetch) => fetch('/file'), {}, 60_000)

    expect(response?.status).toBe(401)
    expect(server.counts.refresh).toBe(0)
    expect(other.arrivals).toHaveLength(1)
  })
})

describe('its arguments', () => {
  it.each([
    ['DELETE', null, ''],
    ['POST', 'said', 'said'],
  ])(
    'takes a Request of a framework, which is not an instance of the class: %s',
    async (verb, said, expected) => {
      const api = await sink()
      const init = { method: verb, body: said }
      const { method, headers, signal, redirect, body } = new Request(api.url, init)
      const foreign = { url: `${api.url}/orders/1`, method, headers, signal, redirect, body }
      const { response } = await call(api.url, (fetch) => fetch(foreign as unknown as Request))

      expect(response?.status).toBe(200)
      expect(api.arrivals).toMatchObject([{ path: '/orders/1', method: verb, body: expected }])
    },
  )

  it('S30: sends the URL that it has checked, when an object gives two', async () => {
    const [api, evil] = [await sink(), await sink()]
    class Renamed extends URL {
      reads = 0
      override toString = () => (this.reads++ === 0 ? `${api.url}/orders/` : evil.url)
    }
    const hidden = Object.defineProperty(new Request(evil.url), 'url', { value: `${api.url}/orders/` })
    let reads = 0
    const changing = {
      get url() {
        return reads++ === 0 ? `${api.url}/orders/` : evil.url
      },
    }
    const objects = [
      { url: `${api.url}/orders/`, toString: () => evil.url },
      { url: evil.url, toString: () => `${api.url}/orders/` },
      { href: evil.url, toString: () => `${api.url}/orders/` },
      changing,
      new Renamed(evil.url),
      hidden,
    ]
    for (const object of objects) {
      const { error } = await call(api.url, (fetch) => fetch(object as unknown as Request))
      if (error) expect(error).toMatchObject({ code: 'origin_not_allowed' })
    }
    expect(evil.arrivals).toEqual([])
    expect(api.arrivals).toHaveLength(3)
  })

  it('sends a Request with the length of its body', async () => {
    const api = await sink()
    await call(api.url, (fetch) => fetch(new Request(`${api.url}/orders/`, { method: 'POST', body: 'said' })))
    expect(api.arrivals).toMatchObject([{ body: 'said', headers: { 'content-length': '4' } }])
  })

  it.each([
    ['no options', undefined, /options/],
    ['a misspelt option', { baseUrl: 'https://api.example.com', allowedUrl: [] }, /`allowedUrl`/],
    [
      'an odd "throwTokenErrors"',
      { baseUrl: 'https://api.example.com', throwTokenErrors: 'throw' },
      /`throwTokenErrors`/,
    ],
    ['an odd "fetch"', { baseUrl: 'https://api.example.com', fetch: 'x' }, /`fetch`/],
    ['odd "allowedUrls"', { allowedUrls: 'https://api.example.com' }, /`allowedUrls`/],
    ['no place to go', {}, /`baseUrl`/],
  ])('refuses %s', (_what, options, message) => {
    const { auth } = createApplication()
    const create = () => auth.createTokenFetch(options as TokenFetchOptions)
    expect(create).toThrow(ConfigurationError)
    expect(create).toThrow(message)
  })
})

it('refuses the value of a rejected token, because only an `AccessToken` cannot be confused with it', async () => {
  const { auth, browser } = createApplication()
  const tab = browser(async () => {
    const token = await auth.getUserAccessToken()
    await auth.getUserAccessToken({ rejectedToken: token?.value as never })
    return new Response()
  })
  await tab.signIn()
  await expect(tab.get('/')).rejects.toMatchObject({
    code: 'invalid_option',
    message: expect.stringContaining('rejectedToken') as unknown,
  })
})

describe('without a token', () => {
  it('returns 401 without a request', async () => {
    const api = await sink()
    const { auth, browser } = createApplication()
    const orders = auth.createTokenFetch({ baseUrl: api.url })
    const response = await browser(() => orders('/')).get('/')

    expect(response.status).toBe(401)
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    expect(await response.json()).toMatchObject({ code: 'no_session', status: 401 })
    expect(api.arrivals).toHaveLength(0)
  })

  it('throws the typed error when asked to', async () => {
    const { auth, browser } = createApplication()
    const orders = auth.createTokenFetch({ baseUrl: 'https://api.example.com', throwTokenErrors: true })

    await expect(browser(() => orders('/')).get('/')).rejects.toMatchObject({ name: 'SignInRequiredError' })
  })

  it('returns the time of the next try', async () => {
    const { auth, server, clock, browser } = createApplication({ session: 'server' })
    const orders = auth.createTokenFetch({ baseUrl: 'https://api.example.com' })
    const tab = browser(() => orders('/'))
    await tab.signIn()
    await clock.advance(301_000)
    server.script('refresh', { type: 'status', status: 429, retryAfter: 17 })
    const response = await tab.get('/')

    expect(response.status).toBe(401)
    const seconds = Number(response.headers.get('retry-after'))
    expect(seconds).toBeGreaterThanOrEqual(17)
    expect(seconds).toBeLessThanOrEqual(22)
    expect(await response.json()).toMatchObject({ code: 'authorization_server_unavailable' })
  })

  it.each([false, true])(
    'throws and reports a call without a request, with throwTokenErrors: %s',
    async (throwTokenErrors) => {
      const { auth, events } = createApplication()
      const orders = auth.createTokenFetch({ baseUrl: 'https://api.example.com', throwTokenErrors })
      const error = { name: 'ConfigurationError', code: 'no_current_session' }
      const report = { type: 'programming_error', code: error.code }

      await expect(orders('/')).rejects.toMatchObject(error)
      await expect(auth.getUserAccessToken()).rejects.toMatchObject(error)
      expect(events).toEqual([report, report])
    },
  )

  it('finds a server session by its id, outside any request', async () => {
    const { auth, browser } = createApplication({ session: 'server' })
    const tab = browser(async () => new Response((await auth.getSession())?.id))
    await tab.signIn()
    const id = await (await tab.get('/')).text()

    expect(await auth.sessionById(id).getUserAccessToken()).toMatchObject({ type: 'Bearer' })
    expect(await auth.sessionById('unknown').getUserAccessToken()).toBeUndefined()
    const forged = await tab.get('/', `__Host-Http-evertoken=${id}`)
    expect(await (await browser().get('/', `__Host-Http-evertoken=${id}`)).text()).toBe('nobody')
    expect(forged.status).toBe(200)
  })
})

describe('the action in the problem of a token fetch', () => {
  type Fault = Parameters<ReturnType<typeof createApplication>['server']['always']>[1]
  const refusal = (error: string): Fault => ({ type: 'status', status: 400, body: JSON.stringify({ error }) })

  it.each<[string, string, string, TokenFetchOptions, Fault | undefined]>([
    ['sign_in', 'refresh_token_refused', 'a refused refresh token', {}, refusal('invalid_grant')],
    ['retry', 'refresh_outcome_unknown', 'a failing server', {}, { type: 'status', status: 500 }],
    ['configure', 'client_rejected', 'a refused client', {}, refusal('invalid_client')],
    ['configure', 'scope_not_granted', 'a scope that was not granted', { scope: 'admin' }, undefined],
  ])('is %s with %s, for %s', async (action, code, _what, options, fault) => {
    const { auth, server, clock, browser } = createApplication({ session: 'server' })
    const orders = auth.createTokenFetch({ baseUrl: 'https://api.example.com', ...options })
    const tab = browser(() => orders('/'))
    await tab.signIn()
    await clock.advance(301_000)
    if (fault) server.always('refresh', fault)
    const response = await tab.get('/')

    expect(response.status).toBe(401)
    expect(await response.json()).toMatchObject({ action, code })
  })

  it('is sign_in if no user is signed in, as at the user route and the proxy', async () => {
    const { auth, browser } = createApplication()
    const target = 'https://api.example.com/'
    const orders = auth.createTokenFetch({ baseUrl: target })
    const proxy = auth.createTokenProxy({ '/api/*': { target, token: 'user' } })
    const tab = browser(async (request) => (await proxy(request)) ?? orders('/'))
    for (const path of ['/', '/api/orders', '/auth/user']) {
      const response = await tab.get(path)
      expect(response.status).toBe(401)
      expect(await response.json()).toMatchObject({ action: 'sign_in', code: 'no_session' })
    }
  })
})
