import { EventEmitter, once } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { Evertoken } from '@evertoken/node'
import { expressMiddleware } from '@evertoken/node/express'
import { cookieHeaderOf } from '@evertoken/testkit'
import { describe, expect, it } from 'vitest'
import {
  authorizationServer,
  createAuth,
  sendRaw,
  serveClassic as serve,
  startSession,
} from './application.ts'

// `npm run test:frameworks` does the same with Express itself.
describe('the middleware for classic handlers', () => {
  it('handles the routes of the library, and runs all others inside the session', async () => {
    const auth = createAuth()
    const url = await serve(auth, async (request, response) => {
      if (request.url === '/start') await startSession(auth)
      response.end((await auth.getUserAccessToken())?.value ?? 'nobody')
    })
    expect((await fetch(`${url}/auth/user`)).status).toBe(401)
    expect(await (await fetch(url)).text()).toBe('nobody')
    const started = await fetch(`${url}/start`)
    const cookie = cookieHeaderOf(started)

    expect(await started.text()).toMatch(/^at_/)
    expect(started.headers.get('cache-control')).toBe('no-store')
    expect(await (await fetch(url, { headers: { cookie } })).text()).toMatch(/^at_/)
    const headers = { cookie, 'sec-fetch-site': 'same-origin' }
    const signedOut = await fetch(`${url}/auth/logout`, { method: 'POST', headers, redirect: 'manual' })
    expect(signedOut.status).toBe(303)
  })

  it.each<[string, (response: ServerResponse) => unknown]>([
    ['end', (response) => response.end('all')],
    ['write and end', (response) => void [response.write('a'), response.end('ll')]],
    [
      'writeHead with headers',
      (response) => response.writeHead(200, { 'set-cookie': 'own=1', 'x-own': '1' }).end('all'),
    ],
    [
      'writeHead with a list',
      (response) => response.writeHead(200, 'Fine', ['set-cookie', 'own=1']).end('all'),
    ],
    ['flushHeaders', (response) => void [response.flushHeaders(), response.end('all')]],
    [
      'a kept reference to end',
      (response) => {
        const { end } = response
        setImmediate(() => Reflect.apply(end, response, ['all']))
      },
    ],
  ])('adds cookies to a response by %s', async (what, send) => {
    const auth = createAuth()
    const url = await serve(auth, async (_request, response) => {
      response.setHeader('set-cookie', 'other=1')
      await startSession(auth)
      send(response)
    })
    const response = await fetch(url)
    const names = response.headers.getSetCookie().map((line) => line.split('=')[0])

    expect(await response.text()).toBe('all')
    expect(names).toEqual([
      what.startsWith('writeHead') ? 'own' : 'other',
      expect.stringMatching(/evertoken/),
    ])
  })

  it('shows that headers are sent while it holds them', async () => {
    const auth = createAuth()
    let seen: unknown
    const url = await serve(auth, (_request, response) => {
      const before = [response.headersSent, response.writableEnded]
      response.end('all')
      seen = [...before, response.headersSent, response.writableEnded]
    })
    await (await fetch(url)).text()
    expect(seen).toEqual([false, false, true, true])
  })

  it('treats mistakes like Node, and still sends the cookies', async () => {
    const auth = createAuth()
    const codes: unknown[] = []
    const url = await serve(auth, async (_request, response) => {
      await startSession(auth)
      response.on('error', (error: NodeJS.ErrnoException) => codes.push(error.code))
      response.writeHead(200, { 'x-own': '1' })
      try {
        response.writeHead(500)
      } catch (error) {
        codes.push((error as NodeJS.ErrnoException).code)
      }
      response.end('all')
      response.write('more')
    })
    const response = await fetch(url)

    expect([response.status, await response.text()]).toEqual([200, 'all'])
    expect(response.headers.getSetCookie()).toHaveLength(1)
    expect(response.headers.get('x-own')).toBe('1')
    expect(codes).toEqual(['ERR_HTTP_HEADERS_SENT', 'ERR_STREAM_WRITE_AFTER_END'])
  })

  it('asks a source to wait, and then to continue', async () => {
    const auth = createAuth()
    const url = await serve(auth, async (_request, response) => {
      const wrote = response.write('first ')
      if (!wrote) await once(response, 'drain')
      response.end(String(wrote))
    })
    expect(await (await fetch(url)).text()).toBe('first false')
  })

  it('keeps the session in events of the message, and leaves the body to the application', async () => {
    const auth = createAuth()
    const url = await serve(auth, async (request, response) => {
      if (request.url === '/start') {
        await startSession(auth)
        return response.end()
      }
      let body = ''
      request.on('data', (chunk: Buffer) => (body += chunk.toString()))
      request.on('end', () => {
        auth.getUserAccessToken().then(
          (token) => response.end(`${body} ${token !== undefined}`),
          (error: unknown) => response.end(String(error)),
        )
      })
    })
    const cookie = cookieHeaderOf(await fetch(`${url}/start`))
    const init = { method: 'POST', body: 'x'.repeat(100_000), headers: { cookie } }
    expect(await (await fetch(url, init)).text()).toBe(`${init.body} true`)
  })

  it('reads the body of a route, also under the path of a mount', async () => {
    const auth = createAuth({ backChannelLogout: true })
    const url = await serve(
      auth,
      (_request, response) => response.end('application'),
      (request) => Object.assign(request, { originalUrl: request.url, url: '/' }),
    )
    const body = new URLSearchParams({ logout_token: await authorizationServer.logoutToken({ sub: 'ada' }) })
    const response = await fetch(`${url}/auth/back-channel-logout`, { method: 'POST', body })
    expect([response.status, await response.text()]).toEqual([200, ''])
  })

  it('passes errors to the error handling of the framework', async () => {
    const url = await serve(createAuth(), () =>
      Promise.reject(Object.assign(new Error('own'), { code: 'own_error' })),
    )
    const failed = await fetch(url)
    expect([failed.status, await failed.text()]).toEqual([500, 'own_error'])
    // Without `baseUrl`, plain http is only for loopback.
    const refused = await sendRaw(url, 'GET / HTTP/1.1\r\nHost: app.example.com\r\nConnection: close\r\n\r\n')
    expect(refused).toMatch(/^HTTP\/1\.1 500 [\s\S]*invalid_option$/)
  })

  it('passes an error that occurs while the response is held to the framework', async () => {
    const auth = createAuth()
    const failing = {
      ...auth,
      handle: (...args: Parameters<Evertoken['handle']>) =>
        auth.handle(...args).then(() => Promise.reject(Object.assign(new Error('late'), { code: 'late' }))),
    }
    const url = await serve(failing, (_request, response) => response.end('lost'))
    const response = await fetch(url)
    expect([response.status, await response.text()]).toEqual([500, 'late'])
  })

  it('finishes the request of a handler that never responds when the client leaves', async () => {
    const auth = createAuth()
    const started = new EventEmitter()
    const url = await serve(auth, () => started.emit('started'))
    const controller = new AbortController()
    const [request] = [fetch(url, { signal: controller.signal }).catch(() => undefined)]
    await once(started, 'started')
    controller.abort()
    await request
    await auth.drain({ timeoutSeconds: 20 })
  })

  it('refuses targets and options that are wrong', async () => {
    const auth = createAuth()
    const url = await serve(auth, (_request, response) => response.end())
    const refused = await sendRaw(url, 'GET / HTTP/1.1\r\nHost: a@b\r\nConnection: close\r\n\r\n')
    expect(refused).toMatch(/^HTTP\/1\.1 400 /)
    const wrong = { waitUntil() {} } as object
    expect(() => expressMiddleware(auth, wrong)).toThrow(/waitUntil/)
  })
})
