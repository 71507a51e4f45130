import {
  createAuthorizationServer,
  createCookieMap,
  createShiftableClock,
  type FakeAuthorizationServer,
} from '@evertoken/testkit'
import { createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { startWorkerd, type Workerd, type WorkerdOptions } from './workerd.mjs'

/** An application on workerd, with an authorization server and a resource server on this machine. */
export interface Application {
  readonly worker: Workerd
  readonly vars: Readonly<Record<string, string>>
  readonly server: FakeAuthorizationServer
  /** The `Authorization` headers that the resource server received. */
  readonly authorizations: (string | undefined)[]
  /** Lets time pass for the application and the authorization server. */
  advance(seconds: number): Promise<void>
  /** Signs in by the routes of the library, as a browser does. */
  signIn(): Promise<Browser>
  close(): Promise<void>
}

export interface Browser {
  readonly cookies: ReadonlyMap<string, string>
  cookieHeader(): string
  get(path: string, init?: RequestInit): Promise<Response>
  post(path: string): Promise<Response>
  /** Sends a request and leaves. As with a proxy, the connection is reset. */
  visit(path: string): { leave(): void }
}

export async function startApplication(options: Partial<WorkerdOptions> = {}): Promise<Application> {
  const clock = createShiftableClock()
  const server = createAuthorizationServer({ clock })
  const listening = await server.listen()
  const authorizations: (string | undefined)[] = []
  const api = await serve((authorization) => authorizations.push(authorization))
  const vars = {
    ISSUER: server.issuer,
    SESSION_SECRET: 'a secret of thirty-two characters',
    SESSION: 'cookie',
    ...options.vars,
  }
  const worker = await startWorkerd({
    entry: new URL('workers/application.ts', import.meta.url).pathname,
    flags: ['nodejs_compat'],
    sessions: 'SESSIONS',
    services: { API: `http://127.0.0.1:${(api.address() as AddressInfo).port}` },
    ...options,
    vars,
  })

  return {
    worker,
    vars,
    server,
    authorizations,
    async advance(seconds) {
      clock.shift(seconds)
      await fetch(`${worker.url}/advance?seconds=${seconds}`)
    },
    async signIn() {
      const browser = createBrowser(worker.url)
      const login = await browser.get('/auth/login?returnTo=/ambient', {
        headers: { 'x-evertoken': '1' },
      })
      const authorized = await fetch(login.headers.get('location') ?? '', { redirect: 'manual' })
      const { pathname, search } = new URL(authorized.headers.get('location') ?? '')
      await browser.get(pathname + search)
      return browser
    },
    async close() {
      api.close()
      await Promise.all([worker.close(), listening.close()])
    },
  }
}

function createBrowser(url: string): Browser {
  const cookies = createCookieMap({ url })

  async function get(path: string, init: RequestInit = {}) {
    const headers = new Headers(init.headers)
    if (!headers.has('cookie')) headers.set('cookie', cookies.header())
    const response = await fetch(url + path, { redirect: 'manual', ...init, headers })
    cookies.keep(response)
    return response
  }

  const post = (path: string) => get(path, { method: 'POST', headers: { 'sec-fetch-site': 'same-origin' } })
  function visit(path: string) {
    const visiting = request(url + path, { agent: false, headers: { cookie: cookies.header() } }).end()
    visiting.on('error', () => undefined)
    return { leave: () => visiting.socket?.resetAndDestroy() }
  }

  return { cookies, cookieHeader: cookies.header, get, post, visit }
}

async function serve(seen: (authorization: string | undefined) => void): Promise<Server> {
  const server = createServer((incoming, response) => {
    seen(incoming.headers.authorization)
    response.end('the orders')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}
