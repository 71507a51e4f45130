import { createServer, request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http'
import { connect, createServer as createHttp2Server } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import type { Handler } from '@evertoken/core'
import { type Evertoken, evertoken } from '@evertoken/node'
import { cookieHeaderOf } from '@evertoken/testkit'
import { describe, expect, it, vi } from 'vitest'
import { collectGarbage } from '../../../test/integration/collect-garbage.ts'
import { authorizationServer, clock, createAuth, createOptions, listen } from './application.ts'

function serve(auth: Evertoken, application: Handler): Promise<string> {
  return listen(createServer(auth.listener(application)))
}

/** Signs in through a route of the test's own; resolves to the Cookie header. */
async function signIn(url: string): Promise<string> {
  const response = await fetch(`${url}/start`)
  return cookieHeaderOf(response)
}

function starting(auth: Evertoken, application: Handler): Handler {
  return async (request, session) => {
    if (new URL(request.url).pathname !== '/start') return application(request, session)
    await auth.startSession(await authorizationServer.issue())
    return new Response('started')
  }
}

function deferred<T>(): { promise: Promise<T>; resolve(value: T): void; reject(error: unknown): void } {
  const settle = {} as { resolve(value: T): void; reject(error: unknown): void }
  const promise = new Promise<T>((resolve, reject) => Object.assign(settle, { resolve, reject }))
  return { promise, ...settle }
}

describe('the listener', () => {
  it('knows the user of each of many parallel requests', async () => {
    const auth = createAuth()
    const url = await serve(
      auth,
      starting(auth, async () => {
        await new Promise(setImmediate)
        return new Response((await auth.getUserAccessToken())?.value ?? 'nobody')
      }),
    )
    const cookies = await Promise.all(Array.from({ length: 10 }, () => signIn(url)))
    const tokens = await Promise.all(
      cookies.flatMap((cookie) => [
        fetch(url, { headers: { cookie } }).then((response) => response.text()),
        fetch(url).then((response) => response.text()),
      ]),
    )

    expect(new Set(tokens.filter((token) => token !== 'nobody')).size).toBe(10)
    expect(tokens.filter((token) => token === 'nobody')).toHaveLength(10)
  })

  it('S22: works on loopback without https, and keeps the cookie from scripts', async () => {
    const auth = evertoken({ ...createOptions(), server: { issuer: 'http://localhost:4000' } })
    const url = await serve(
      auth,
      starting(auth, () => new Response()),
    )
    const [line] = (await fetch(`${url}/start`)).headers.getSetCookie()

    expect(line).toMatch(/^evertoken-[\da-z]+=[^;]+; Path=\/; HttpOnly; SameSite=Lax; Max-Age=\d+$/)
  })

  it('S25: sends Set-Cookie before the headers are gone, and nothing caches it', async () => {
    const auth = createAuth()
    const url = await serve(
      auth,
      starting(auth, () => new Response('', { headers: { 'cache-control': 'public' } })),
    )
    const response = await fetch(`${url}/start`)

    expect(response.headers.getSetCookie()).toHaveLength(1)
    expect(response.headers.get('cache-control')).toBe('no-store')
  })

  it('streams a request body', async () => {
    const auth = createAuth()
    const url = await serve(auth, (request) => new Response(request.body))
    const sending = httpRequest(url, { method: 'POST' })
    const answered = once(sending, 'response') as Promise<[IncomingMessage]>
    sending.write('one ')
    const [response] = await answered
    const [first] = (await once(response, 'data')) as [Buffer]
    sending.end('two')
    const [second] = (await once(response, 'data')) as [Buffer]

    expect(`${first.toString()}${second.toString()}`).toBe('one two')
  })

  it.each([
    ['fetched', (response: Response) => response],
    ['cloned', (response: Response) => response.clone()],
    ['fetched, and cloned,', (response: Response) => (response.clone(), response)],
  ])('sends the body of a %s response without references', async (_what, choose) => {
    const auth = createAuth()
    const api = createServer((_request, response) => response.end('the orders'))
    const orders = auth.createTokenFetch({ baseUrl: await listen(api) })
    const passOn = async () => {
      const response = choose(await orders('recent'))
      return new Response(response.body, response)
    }
    const url = await serve(
      auth,
      starting(auth, async () => {
        const response = await passOn()
        await collectGarbage()
        return response
      }),
    )
    const cookie = await signIn(url)

    expect(await (await fetch(url, { headers: { cookie } })).text()).toBe('the orders')
  })

  it('asks the source of a response for no more than the reader takes', async () => {
    const auth = createAuth()
    let produced = 0
    const chunk = new Uint8Array(65_536)
    const url = await serve(auth, () => {
      const body = new ReadableStream<Uint8Array>({
        pull(controller) {
          produced++
          if (produced > 4000) controller.close()
          else controller.enqueue(chunk)
        },
      })
      return new Response(body)
    })
    const [response] = (await once(httpRequest(url).end(), 'response')) as [IncomingMessage]
    response.pause()
    let before = -1
    while (before !== produced) {
      before = produced
      for (let i = 0; i < 200; i++) await new Promise(setImmediate)
    }

    expect(produced).toBeLessThan(1000)
    response.destroy()
  })

  it('responds before the first piece of a slow stream', async () => {
    const auth = createAuth()
    const url = await serve(
      auth,
      () => new Response(new ReadableStream({ pull: () => new Promise(() => {}) })),
    )
    const [response] = (await once(httpRequest(url).end(), 'response')) as [IncomingMessage]

    expect(response.statusCode).toBe(200)
    response.destroy()
  })

  it.each(['*', 'http://evil.example/', 'evil.example:443'])(
    'responds to the request target %s with 400',
    async (path) => {
      const auth = createAuth()
      const url = await serve(auth, () => new Response('reached'))
      const asking = httpRequest(url, { method: 'OPTIONS', path })
      const [response] = (await once(asking.end(), 'response')) as [IncomingMessage]

      expect(response.statusCode).toBe(400)
      response.destroy()
    },
  )

  it.each<[string, number, RequestOptions]>([
    ['TRACE', 501, { method: 'TRACE' }],
    ['a Host with a space', 400, { headers: { host: 'a b' } }],
    ['a Host with a port that is none', 400, { headers: { host: 'localhost:x' } }],
    ['a Host with a user', 400, { headers: { host: 'user@localhost' } }],
    ['a Host with a path', 400, { headers: { host: 'localhost/elsewhere' } }],
    ['a Host with a query', 400, { headers: { host: 'localhost?' } }],
    ['a Host in brackets', 200, { headers: { host: '[::1]:3000' } }],
  ])('responds to %s with %i, and logs nothing', async (_what, status, options) => {
    const log = vi.spyOn(console, 'error')
    const auth = createAuth()
    const url = await serve(auth, () => new Response('reached'))
    const asking = httpRequest(url, options)
    const [response] = (await once(asking.end(), 'response')) as [IncomingMessage]
    const logged = log.mock.calls.length
    log.mockRestore()
    response.destroy()

    expect([response.statusCode, logged]).toEqual([status, 0])
  })

  it('notifies the application when the browser leaves', async () => {
    const auth = createAuth()
    const aborted = deferred<string>()
    const url = await serve(auth, (request) => {
      request.signal.addEventListener('abort', () => aborted.resolve('aborted'))
      return new Response(
        new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array(1)) }),
      )
    })
    const leaving = httpRequest(url)
    leaving.on('error', () => {})
    leaving.end()
    leaving.once('response', () => leaving.destroy())

    expect(await aborted.promise).toBe('aborted')
  })

  it('finishes a refresh for the others when the browser that started it leaves', async () => {
    const auth = createAuth()
    const arrived = deferred<void>()
    const url = await serve(
      auth,
      starting(auth, async (request) => {
        const token = auth.getUserAccessToken({ signal: request.signal })
        arrived.resolve()
        return new Response((await token)?.value)
      }),
    )
    const cookie = await signIn(url)
    await clock.advance(301_000)
    const before = authorizationServer.counts.refresh
    const leaving = httpRequest(url, { headers: { cookie } })
    leaving.on('error', () => {})
    leaving.end()
    await arrived.promise
    leaving.destroy()

    expect(await (await fetch(url, { headers: { cookie } })).text()).toMatch(/^at_/)
    expect(authorizationServer.counts.refresh - before).toBe(1)
  })
})

it.each([{ store: undefined }, { clientSecret: undefined }, { baseUrl: undefined }, { onSignIn: undefined }])(
  'refuses the option %o, whose variable may be missing',
  (options) => {
    const [name] = Object.keys(options)
    expect(() => createAuth(options as never)).toThrow(`Option \`${name}\` is undefined.`)
  },
)

describe('after the headers are sent', () => {
  function late(auth: Evertoken, afterMs = 301_000): { handler: Handler; outcome: Promise<unknown> } {
    const outcome = deferred<unknown>()
    const handler = starting(auth, () => {
      const { readable, writable } = new TransformStream()
      const writer = writable.getWriter()
      const stream = async () => {
        await writer.write(new TextEncoder().encode('started'))
        await clock.advance(afterMs)
        const token = await auth.getUserAccessToken().catch((error: unknown) => error)
        outcome.resolve(token)
        await writer.close()
      }
      stream().catch((error: unknown) => outcome.reject(error))
      return new Response(readable)
    })
    return { handler, outcome: outcome.promise }
  }

  it('a cookie session refuses to refresh, with no refresh token spent', async () => {
    const auth = createAuth()
    const { handler, outcome } = late(auth)
    const url = await serve(auth, handler)
    const cookie = await signIn(url)
    const before = authorizationServer.counts.refresh

    await (await fetch(url, { headers: { cookie } })).text()

    expect(await outcome).toMatchObject({ name: 'ConfigurationError', code: 'headers_already_sent' })
    expect(authorizationServer.counts.refresh).toBe(before)
  })

  it('a server session refreshes as ever', async () => {
    const auth = createAuth({ session: 'server' })
    const { handler, outcome } = late(auth)
    const url = await serve(auth, handler)
    const cookie = await signIn(url)
    const before = authorizationServer.counts.refresh

    await (await fetch(url, { headers: { cookie } })).text()

    expect(await outcome).toMatchObject({ type: 'Bearer' })
    expect(authorizationServer.counts.refresh).toBe(before + 1)
  })

  it.each([
    ['cookie', 'leaves that to the next request', 0],
    ['server', 'is refreshed in the background', 1],
  ] as const)(
    'a token that expires soon is served, and in a %s session %s',
    async (session, _what, refreshes) => {
      const auth = createAuth({ session })
      const { handler, outcome } = late(auth, 270_000)
      const url = await serve(auth, handler)
      const cookie = await signIn(url)
      const before = authorizationServer.counts.refresh

      await (await fetch(url, { headers: { cookie } })).text()

      expect(await outcome).toMatchObject({ type: 'Bearer' })
      const begun = () => authorizationServer.counts.refresh - before
      for (let turns = 0; turns < 100 && begun() === 0; turns++) {
        await new Promise((resolve) => setTimeout(resolve))
      }
      expect(begun()).toBe(refreshes)
    },
  )
})

it.each([
  ['localhost', 200],
  ['localhost:3000', 200],
  ['u:p@localhost', 400],
  ['u@localhost', 400],
])('HTTP/2: responds to the authority "%s" with %i', async (authority, status) => {
  const server = createHttp2Server(createAuth().listener(() => new Response('here')) as never)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  const stream = client.request({ ':path': '/', ':authority': authority })
  const [headers] = (await once(stream, 'response')) as [Record<string, unknown>]
  client.destroy()
  server.close()

  expect(headers[':status']).toBe(status)
})
