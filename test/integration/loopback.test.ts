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
  /** The response of the authorization server to a browser at this URL. */
  async function signIn(url: string): Promise<string> {
    const response = await world.server.fetch(url, { redirect: 'manual' })
    return response.headers.get('location') ?? ''
  }
  return { ...world, connections, connection, signIn }
}

describe('an attempt on loopback', () => {
  it('asks for a code with PKCE at the redirect URI, and stores the grant once', async () => {
    const { connection, signIn, server } = createWorld()
    const attempt = await connectOnLoopback(connection, { redirectUri: REDIRECT_URI })
    const { searchParams } = new URL(attempt.url)
    expect(searchParams.get('redirect_uri')).toBe(REDIRECT_URI)
    expect(searchParams.get('code_challenge_method')).toBe('S256')
    const callback = await signIn(attempt.url)
    const pages = await Promise.all([1, 2].map(() => attempt.receive(new Request(callback))))
    await attempt.finished
    pages.push(await attempt.receive(new Request(callback)))
    for (const page of pages)
      expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('close')])
    expect(server.log.filter(({ kind }) => kind === 'token')).toHaveLength(1)
    expect(await connection.getState()).toMatchObject({ state: 'active' })
  })

  it('ignores requests with another state, which any page can send', async () => {
    const { connection, signIn } = createWorld()
    const attempt = await connectOnLoopback(connection, { redirectUri: REDIRECT_URI })
    const other = await connectOnLoopback(connection, { redirectUri: REDIRECT_URI })
    const foreign = await signIn(other.url)
    for (const search of [
      '',
      '?error=access_denied',
      `?error=access_denied&state=x`,
      new URL(foreign).search,
    ]) {
      const page = await attempt.receive(new Request(REDIRECT_URI + search))
      expect(page.status).toBe(400)
    }
    expect((await attempt.receive(new Request(foreign, { headers: { purpose: 'prefetch' } }))).status).toBe(
      503,
    )
    await attempt.receive(new Request(await signIn(attempt.url)))
    await attempt.finished
  })

  it('reports that the user has declined, and that another server has responded', async () => {
    const { connection, signIn, events } = createWorld()
    for (const [change, code] of [
      ['error=access_denied&code=', 'access_denied'],
      ['iss=https://attacker.example', 'authorization_response_invalid'],
    ] as const) {
      const attempt = await connectOnLoopback(connection, { redirectUri: REDIRECT_URI })
      const callback = new URL(await signIn(attempt.url))
      for (const [name, value] of new URLSearchParams(change)) callback.searchParams.set(name, value)
      if (change.startsWith('error')) callback.searchParams.delete('code')
      const page = await attempt.receive(new Request(callback, { headers: { accept: 'text/html' } }))
      expect(await page.text()).toContain(code)
      await expect(attempt.finished).rejects.toMatchObject({ code })
      expect(events).toContainEqual(expect.objectContaining({ type: 'connect_failed', code }))
    }
    expect(await connection.getState()).toEqual({ state: 'not_connected' })
  })

  it('ends after 5 minutes, and refuses the response after that', async () => {
    const { connection, signIn, clock } = createWorld()
    const attempt = await connectOnLoopback(connection, { redirectUri: REDIRECT_URI })
    const callback = await signIn(attempt.url)
    await clock.advance(299_000)
    const ended = expect(attempt.finished).rejects.toMatchObject({ code: 'authorization_expired' })
    await clock.advance(2000)
    await ended
    expect((await attempt.receive(new Request(callback))).status).toBe(400)
    expect(await connection.getState()).toEqual({ state: 'not_connected' })
  })

  it('ends with the signal, also while the server responds', async () => {
    const { connection, signIn, server } = createWorld()
    const reason = new Error('Ctrl+C')
    for (const isInFlight of [false, true]) {
      const abort = new AbortController()
      const options = { redirectUri: REDIRECT_URI, signal: abort.signal }
      const attempt = await connectOnLoopback(connection, options)
      const callback = await signIn(attempt.url)
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
      const page = await attempt.receive(new Request(callback))
      expect(page.status).toBe(400)
      await expect(attempt.finished).rejects.toBe(reason)
      Object.assign(server, { fetch })
    }
    expect(await connection.getState()).toEqual({ state: 'not_connected' })
  })

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

describe('connectInBrowser', () => {
  it.each([
    [undefined, /^http:\/\/127\.0\.0\.1:\d+\/callback\/google$/],
    ['http://localhost/done', /^http:\/\/localhost:\d+\/done$/],
    ['http://[::1]/done', /^http:\/\/\[::1\]:\d+\/done$/],
  ])('listens at %s on a free port, and stops after that', async (redirectUri, expected) => {
    const { connection, signIn } = createWorld()
    let callback = ''
    let page: Promise<string> | undefined
    const open = async (url: string) => {
      expect(new URL(url).searchParams.get('redirect_uri')).toMatch(expected)
      callback = await signIn(url)
      page = fetch(callback).then((response) => response.text())
      await page
    }
    await connectInBrowser(connection, { open, ...(redirectUri && { redirectUri }) })
    expect(await page).toContain('You can close this window')
    await expect(fetch(callback)).rejects.toThrow()
    expect(await connection.getState()).toMatchObject({ state: 'active' })
  })

  it('accepts a response that the browser posts', async () => {
    const { process, server } = createWorld()
    const connection = process({ provider: { responseMode: 'form_post' } }).get('ada', 'google')
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const open = async (url: string) => {
      const { action = '', body = '' } = formOf(await (await server.fetch(url)).text()) ?? {}
      const post = async (each: string) =>
        (await fetch(action, { method: 'POST', headers, body: each })).status
      expect(await post(`${body}`.replace('state=', 'state=x'))).toBe(400)
      expect(await post('x'.repeat(100_000))).toBe(400)
      expect(await post(`${body}`)).toBe(200)
    }
    await connectInBrowser(connection, { open })
    expect(await connection.getState()).toMatchObject({ state: 'active' })
  })

  it('responds only to its own address', async () => {
    const { connection, signIn } = createWorld()
    const open = async (url: string) => {
      const callback = new URL(await signIn(url))
      expect((await fetch(new URL('/', callback))).status).toBe(404)
      expect((await fetch(callback, { method: 'PUT' })).status).toBe(404)
      expect((await fetch(callback.origin + callback.pathname, { method: 'POST' })).status).toBe(400)
      expect(await statusWithHost(callback, 'attacker.example')).toBe(404)
      await fetch(callback)
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

function statusWithHost(url: URL, host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    startRequest(url, { headers: { host } }, (response) => {
      response.resume()
      resolve(response.statusCode)
    })
      .on('error', reject)
      .end()
  })
}
