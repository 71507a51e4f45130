import { createServer, request as startRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connectOnLoopback } from '@evertoken/core/loopback'
import { connectInBrowser } from '@evertoken/node/loopback'
import { describe, expect, it, onTestFinished } from 'vitest'
import { formOf } from './connecting-browser.ts'
import { createConnectionWorld } from './connection-owners.ts'

const REDIRECT_URI = 'http://127.0.0.1:8085/callback/google'

function createWorld() {
  const world = createConnectionWorld()
  const connections = world.process()
  const connection = connections.get('ada', 'google')
  /** Opens the link of an attempt in a browser, and signs in there. Resolves to the request that the redirect causes. */
  async function signIn(url: string, send: Send = fetchManually): Promise<Request> {
    const { location, cookie } = await openLink(url, send)
    const response = await world.server.fetch(location, { redirect: 'manual' })
    return new Request(response.headers.get('location') ?? '', { headers: { cookie } })
  }
  return { ...world, connections, connection, signIn }
}

type Send = (request: Request) => Promise<Response>
const fetchManually: Send = (request) => fetch(request, { redirect: 'manual' })

/** Opens the link of an attempt. Returns the address of the redirect, and the cookie that the browser keeps. */
async function openLink(url: string, send: Send, headers: Record<string, string> = {}) {
  const response = await send(new Request(url, { headers }))
  const [line = ''] = response.headers.getSetCookie()
  const [cookie = ''] = line.split(';', 1)
  return { status: response.status, location: response.headers.get('location') ?? '', line, cookie }
}

/** Changes the query of a request of a browser. */
function withQuery(
  { url, headers }: Request,
  changes: Readonly<Record<string, string | undefined>>,
): Request {
  const changed = new URL(url)
  for (const [name, value] of Object.entries(changes))
    if (value === undefined) changed.searchParams.delete(name)
    else changed.searchParams.set(name, value)
  return new Request(changed, { headers })
}

describe('an attempt on loopback', () => {
  it('asks for a code with PKCE at the redirect URI, and stores the grant once', async () => {
    const { connection, signIn, server } = createWorld()
    const attempt = await connectOnLoopback(connection, { redirectUri: REDIRECT_URI })
    const callback = await signIn(attempt.url, async (request) => {
      const response = await attempt.receive(request)
      const { searchParams } = new URL(response.headers.get('location') ?? '')
      expect(searchParams.get('redirect_uri')).toBe(REDIRECT_URI)
      expect(searchParams.get('code_challenge_method')).toBe('S256')
      return response
    })
    const pages = await Promise.all([1, 2].map(() => attempt.receive(callback)))
    await attempt.finished
    pages.push(await attempt.receive(callback))
    for (const page of pages)
      expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('close')])
    expect(server.log.filter(({ kind }) => kind === 'token')).toHaveLength(1)
    expect(await connection.getState()).toMatchObject({ state: 'active' })
  })

  it('ignores requests with another state, which any page can send', async () => {
    const { connection, signIn } = createWorld()
    const attempt = await connectOnLoopback(connection, { redirectUri: REDIRECT_URI })
    const other = await connectOnLoopback(connection, { redirectUri: REDIRECT_URI })
    const foreign = await signIn(other.url, other.receive)
    const own = await signIn(attempt.url, attempt.receive)
    const { headers } = own
    for (const search of [
      '',
      '?error=access_denied',
      `?error=access_denied&state=x`,
      new URL(foreign.url).search,
    ]) {
      const page = await attempt.receive(new Request(REDIRECT_URI + search, { headers }))
      expect(page.status).toBe(400)
    }
    const prefetch = new Request(own.url, { headers: { purpose: 'prefetch' } })
    expect((await attempt.receive(prefetch)).status).toBe(503)
    await attempt.receive(own)
    await attempt.finished
  })

  it('reports that the user has declined, and that another server has responded', async () => {
    const { connection, signIn, events } = createWorld()
    for (const [changes, code] of [
      [{ error: 'access_denied', code: undefined }, 'access_denied'],
      [{ iss: 'https://attacker.example' }, 'authorization_response_invalid'],
    ] as const) {
      const attempt = await connectOnLoopback(connection, { redirectUri: REDIRECT_URI })
      const callback = withQuery(await signIn(attempt.url, attempt.receive), changes)
      callback.headers.set('accept', 'text/html')
      const page = await attempt.receive(callback)
      expect(await page.text()).toContain(code)
      await expect(attempt.finished).rejects.toMatchObject({ code })
      expect(events).toContainEqual(expect.objectContaining({ type: 'connect_failed', code }))
    }
    expect(await connection.getState()).toEqual({ state: 'not_connected' })
  })

  it('ends after 5 minutes, and refuses the response after that', async () => {
    const { connection, signIn, clock } = createWorld()
    const attempt = await connectOnLoopback(connection, { redirectUri: REDIRECT_URI })
    const callback = await signIn(attempt.url, attempt.receive)
    await clock.advance(299_000)
    const ended = expect(attempt.finished).rejects.toMatchObject({ code: 'authorization_expired' })
    await clock.advance(2000)
    await ended
    expect((await attempt.receive(callback)).status).toBe(400)
    expect((await openLink(attempt.url, attempt.receive)).status).toBe(400)
    expect(await connection.getState()).toEqual({ state: 'not_connected' })
  })

  it('ends with the signal, also while the server responds', async () => {
    const { connection, signIn, server } = createWorld()
    const reason = new Error('Ctrl+C')
    for (const isInFlight of [false, true]) {
      const abort = new AbortController()
      const options = { redirectUri: REDIRECT_URI, signal: abort.signal }
      const attempt = await connectOnLoopback(connection, options)
      const callback = await signIn(attempt.url, attempt.receive)
      const { fetch } = server
      if (isInFlight)
        Object.assign(server, {
          async fetch(...args: Parameters<typeof fetch>) {
            const response = await fetch(...args)
            abort.abort(reason)
            return response
          },
        })
      else abort.abort(reason)
      const page = await attempt.receive(callback)
      expect(page.status).toBe(400)
      await expect(attempt.finished).rejects.toBe(reason)
      Object.assign(server, { fetch })
    }
    expect(await connection.getState()).toEqual({ state: 'not_connected' })
  })

  it.each(['the signal', 'a second browser'])(
    'is not ended by %s while the grant is stored',
    async (cause) => {
      const { process, store, signIn, events } = createWorld()
      const abort = new AbortController()
      let interrupt: (() => Promise<unknown> | void) | undefined
      const swap: typeof store.swap = async (...parameters) => {
        await interrupt?.()
        return store.swap(...parameters)
      }
      const connection = process({ store: { ...store, swap } }).get('ada', 'google')
      const options = { redirectUri: REDIRECT_URI, signal: abort.signal }
      const attempt = await connectOnLoopback(connection, options)
      const callback = await signIn(attempt.url, attempt.receive)
      interrupt = async () => {
        if (cause === 'the signal') return abort.abort()
        const page = await attempt.receive(new Request(attempt.url, { headers: { accept: 'text/html' } }))
        expect([page.status, await page.text()]).toEqual([400, expect.stringContaining('already completed')])
      }
      const page = attempt.receive(callback)
      await attempt.finished
      expect((await page).status).toBe(200)
      expect(await connection.getState()).toMatchObject({ state: 'active' })
      expect(events.filter(({ type }) => type === 'connect_failed')).toEqual([])
    },
  )

  it('ends if the application aborts before the server is known', async () => {
    const { connection, server } = createWorld()
    const abort = new AbortController()
    const { fetch } = server
    Object.assign(server, {
      fetch(...args: Parameters<typeof fetch>) {
        abort.abort(new Error('Ctrl+C'))
        return fetch(...args)
      },
    })
    const options = { redirectUri: REDIRECT_URI, signal: abort.signal }
    await expect(connectOnLoopback(connection, options)).rejects.toThrow('Ctrl+C')
  })

  it.each([
    'https://127.0.0.1:1/callback',
    'http://example.com/callback',
    'http://127.0.0.1:1/callback?x=1',
    'callback',
    1,
  ])('refuses the redirect URI %s', async (redirectUri) => {
    const { connection } = createWorld()
    await expect(connectOnLoopback(connection, { redirectUri: redirectUri as string })).rejects.toMatchObject(
      {
        code: 'invalid_option',
      },
    )
  })
})

describe('the link of an attempt', () => {
  it('sets a cookie for the paths of the attempt, and shows nothing of the authorization request', async () => {
    const { connection } = createWorld()
    for (const [redirectUri, path] of [
      [REDIRECT_URI, '/callback/google'],
      ['http://localhost:8085/cb/', '/cb/'],
      ['http://[::1]:8085', '/'],
      ['http://127.0.0.1:8085/a;b', '/'],
    ] as const) {
      const { url, receive, finished } = await connectOnLoopback(connection, { redirectUri })
      finished.catch(() => undefined)
      expect(url.startsWith(redirectUri)).toBe(true)
      expect(new URL(url).search).toBe('')
      const { line, status } = await openLink(url, receive)
      expect(status).toBe(302)
      expect(line.replace(/=[\w-]{43};/, ';')).toMatch(
        new RegExp(`^evertoken-[\\w-]{12}; Path=${path}; HttpOnly; SameSite=Lax; Max-Age=300$`),
      )
      expect((await receive(new Request(new URL('/other', url)))).status).toBe(404)
    }
  })

  it('lets only the browser finish that has opened it, so that a response cannot be passed to another one', async () => {
    const { connection, signIn, server } = createWorld()
    const attempt = await connectOnLoopback(connection, { redirectUri: REDIRECT_URI })
    const callback = await signIn(attempt.url, attempt.receive)
    const { url } = callback
    const otherCookie = (callback.headers.get('cookie') ?? '').replace(/=.*/, '=x')
    for (const headers of [{}, { cookie: otherCookie }, { cookie: 'evertoken=1' }]) {
      const page = await attempt.receive(new Request(url, { headers: { ...headers, accept: 'text/html' } }))
      expect([page.status, await page.text()]).toEqual([400, expect.stringContaining('has not opened')])
    }
    expect(server.log.filter(({ kind }) => kind === 'token')).toHaveLength(0)
    const page = await attempt.receive(callback)
    await attempt.finished
    expect(page.status).toBe(200)
  })

  it('lets the browser keep its cookie after success, so that the user can reload the page', async () => {
    const { connection, signIn } = createWorld()
    for (const [changes, cookies] of [
      [{}, []],
      [{ error: 'access_denied', code: undefined }, [expect.stringContaining('Max-Age=0')]],
    ] as const) {
      const attempt = await connectOnLoopback(connection, { redirectUri: REDIRECT_URI })
      attempt.finished.catch(() => undefined)
      const page = await attempt.receive(withQuery(await signIn(attempt.url, attempt.receive), changes))
      expect(page.headers.getSetCookie()).toEqual(cookies)
    }
  })

  it('ends the attempt if a second browser opens it, also while the server responds', async () => {
    const { connection, signIn, server, events } = createWorld()
    for (const isInFlight of [false, true]) {
      const attempt = await connectOnLoopback(connection, { redirectUri: REDIRECT_URI })
      const callback = await signIn(attempt.url, attempt.receive)
      const openElsewhere = async () => {
        const page = await attempt.receive(new Request(attempt.url, { headers: { accept: 'text/html' } }))
        expect([page.status, await page.text()]).toEqual([400, expect.stringContaining('two browsers')])
      }
      const { fetch } = server
      if (isInFlight)
        Object.assign(server, {
          async fetch(...args: Parameters<typeof fetch>) {
            const response = await fetch(...args)
            await openElsewhere()
            Object.assign(server, { fetch })
            return response
          },
        })
      else await openElsewhere()
      expect((await attempt.receive(callback)).status).toBe(400)
      await expect(attempt.finished).rejects.toMatchObject({ code: 'login_transaction_invalid' })
    }
    const failures = events.filter(({ type }) => type === 'connect_failed')
    expect(failures).toMatchObject([1, 2].map(() => ({ code: 'login_transaction_invalid' })))
    expect(await connection.getState()).toEqual({ state: 'not_connected' })
  })

  it('works again in the same browser, and ignores prefetches and images', async () => {
    const { connection, signIn } = createWorld()
    const attempt = await connectOnLoopback(connection, { redirectUri: REDIRECT_URI })
    const image = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' }
    expect((await openLink(attempt.url, attempt.receive, image)).status).toBe(400)
    expect((await openLink(attempt.url, attempt.receive, { purpose: 'prefetch' })).status).toBe(503)
    const first = await openLink(attempt.url, attempt.receive)
    const again = await openLink(attempt.url, attempt.receive, { cookie: first.cookie })
    expect(again).toEqual(first)
    const inFirst: Send = (request) => {
      request.headers.set('cookie', first.cookie)
      return attempt.receive(request)
    }
    const callback = await signIn(attempt.url, inFirst)
    await attempt.receive(callback)
    await attempt.finished
    expect(await connection.getState()).toMatchObject({ state: 'active' })
    // The attempt is over, so another browser changes nothing.
    expect((await openLink(attempt.url, attempt.receive)).status).toBe(400)
  })

  it('does not let two attempts of one browser disturb each other', async () => {
    const { connection, connections, signIn } = createWorld()
    const other = connections.get('ada', 'google:work')
    const [first, second] = [
      await connectOnLoopback(connection, { redirectUri: REDIRECT_URI }),
      await connectOnLoopback(other, { redirectUri: REDIRECT_URI }),
    ]
    const callbacks = [
      await signIn(first.url, first.receive),
      await signIn(second.url, second.receive),
    ] as const
    const cookie = callbacks.map(({ headers }) => headers.get('cookie')).join('; ')
    for (const { headers } of callbacks) headers.set('cookie', cookie)
    await Promise.all([first.receive(callbacks[0]), second.receive(callbacks[1])])
    await Promise.all([first.finished, second.finished])
  })
})

describe('connectInBrowser', () => {
  it.each([
    [undefined, /^http:\/\/127\.0\.0\.1:\d+\/callback\/google$/],
    ['http://localhost/done', /^http:\/\/localhost:\d+\/done$/],
    ['http://[::1]/done', /^http:\/\/\[::1\]:\d+\/done$/],
  ])('listens at %s on a free port, and stops after that', async (redirectUri, expected) => {
    const { connection, signIn } = createWorld()
    let callback: Request | undefined
    let page: Promise<string> | undefined
    const open = async (url: string) => {
      callback = await signIn(url)
      expect(callback.url.replace(/\?.*/, '')).toMatch(expected)
      expect(url.startsWith(`${callback.url.replace(/\?.*/, '')}/`)).toBe(true)
      page = fetch(callback.clone()).then((response) => response.text())
      await page
    }
    await connectInBrowser(connection, { open, ...(redirectUri && { redirectUri }) })
    expect(await page).toContain('You can close this window')
    await expect(fetch(callback as Request)).rejects.toThrow()
    expect(await connection.getState()).toMatchObject({ state: 'active' })
  })

  it('accepts a response that the browser posts', async () => {
    const { process, server } = createWorld()
    const connection = process({ provider: { responseMode: 'form_post' } }).get('ada', 'google')
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const open = async (url: string) => {
      const { location, cookie } = await openLink(url, fetchManually)
      const { action = '', body = '' } = formOf(await (await server.fetch(location)).text()) ?? {}
      // The form comes from another site, so the browser does not send the cookie.
      const post = (each: string) => fetch(action, { method: 'POST', headers, body: each })
      expect((await post(`${body}`.replace('state=', 'state=x'))).status).toBe(400)
      expect((await post('x'.repeat(100_000))).status).toBe(400)
      const posted = await post(`${body}`)
      const [, next = ''] = /^0;url=(.*)$/.exec(posted.headers.get('refresh') ?? '') ?? []
      expect([posted.status, next]).toEqual([200, expect.not.stringContaining(body?.toString() || 'x')])
      expect((await fetch(next)).status).toBe(400)
      expect((await fetch(next, { headers: { cookie } })).status).toBe(200)
    }
    await connectInBrowser(connection, { open })
    expect(await connection.getState()).toMatchObject({ state: 'active' })
  })

  it('responds only to its own address', async () => {
    const { connection, signIn } = createWorld()
    const open = async (url: string) => {
      const request = await signIn(url)
      const callback = new URL(request.url)
      expect((await fetch(new URL('/', callback))).status).toBe(404)
      expect((await fetch(callback, { method: 'PUT' })).status).toBe(404)
      expect((await fetch(callback.origin + callback.pathname, { method: 'POST' })).status).toBe(400)
      expect(await statusWithHost(callback, 'attacker.example')).toBe(404)
      // A request through a proxy names the whole URL.
      expect(await statusWithHost(callback, callback.host, 'http://attacker.example/')).toBe(404)
      await fetch(request)
    }
    await connectInBrowser(connection, { open })
  })

  it('refuses a port that is in use, and stops if the URL cannot be opened', async () => {
    const { connection, clock } = createWorld()
    const taken = createServer()
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void taken.close())
    const { port } = taken.address() as AddressInfo
    const open = () => undefined
    const redirectUri = `http://127.0.0.1:${port}/callback`
    await expect(connectInBrowser(connection, { open, redirectUri })).rejects.toThrow('in use')
    const broken = () => Promise.reject(new Error('No browser'))
    await expect(connectInBrowser(connection, { open: broken })).rejects.toThrow('No browser')
    // A timer would keep the process alive.
    expect(clock.pending).toBe(0)
    await expect(connectInBrowser(connection, { open: 'xdg-open' as never })).rejects.toThrow('function')
    await expect(connectInBrowser(connection, { redirectUri: 'http://example.com/' })).rejects.toThrow(
      '127.0.0.1',
    )
    for (const end of ['/cb?tool=1', '/cb#tool', ':80/cb', ':80'])
      await expect(
        connectInBrowser(connection, { open, redirectUri: `http://127.0.0.1${end}` }),
      ).rejects.toMatchObject({ name: 'ConfigurationError', code: 'invalid_option' })
    await expect(
      connectInBrowser(connection, { open, redirectUri: 'http://u:p@127.0.0.1/' }),
    ).rejects.toThrow('user info')
    await expect(connectInBrowser(connection, { open, signal: AbortSignal.abort() })).rejects.toThrow()
  })
})

function statusWithHost(
  url: URL,
  host: string,
  path = url.pathname + url.search,
): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    startRequest(url, { headers: { host }, path }, (response) => {
      response.resume()
      resolve(response.statusCode)
    })
      .on('error', reject)
      .end()
  })
}
