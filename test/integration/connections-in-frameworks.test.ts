import { once } from 'node:events'
import { createServer, type IncomingMessage, request as sendToServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { createMemoryStore } from '@evertoken/core'
import { honoMiddleware } from '@evertoken/core/hono'
import { next } from '@evertoken/core/next'
import { svelteKitHandle } from '@evertoken/core/sveltekit'
import { type Evertoken, evertoken } from '@evertoken/node'
import { type Connections, createConnections } from '@evertoken/node/connections'
import { expressMiddleware } from '@evertoken/node/express'
import { fastifyPlugin } from '@evertoken/node/fastify'
import { createAuthorizationServer, createBrowser, createManualClock } from '@evertoken/testkit'
import { afterEach, describe, expect, it } from 'vitest'
import { SECRET } from './connection-owners.ts'

type App = (request: Request) => Promise<Response>
/** Makes an application of a framework, whose page shows the state of a connection of the current user. */
type Framework = (auth: Evertoken, connections: Connections<'calendar'>, page: () => Promise<object>) => App

const APP = 'https://app.example.com'
const servers: ReturnType<typeof createServer>[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

/** Sends each request to a server of Node, as a reverse proxy does. */
function throughServer(server: ReturnType<typeof createServer>): App {
  servers.push(server)
  const listening = new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)))
  return async (request) => {
    await listening
    const { pathname, search } = new URL(request.url)
    const { method } = request
    const headers = Object.fromEntries(request.headers)
    const { port } = server.address() as AddressInfo
    // `fetch` of Node does not send all headers of a navigation.
    const sent = sendToServer({ port, host: '127.0.0.1', path: pathname + search, method, headers }).end()
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    const lines = Object.entries(response.headersDistinct).flatMap(([name, values = []]) =>
      values.map((value): [string, string] => [name, value]),
    )
    const body = await text(response)
    return new Response(body === '' ? null : body, { status: response.statusCode ?? 0, headers: lines })
  }
}

const frameworks: Readonly<Record<string, Framework>> = {
  express(auth, connections, page) {
    const handle = expressMiddleware(auth, connections, { keepAlive })
    const respond = async (response: { end(text: string): unknown }) =>
      void response.end(JSON.stringify(await page()))
    return throughServer(
      createServer((request, response) => handle(request, response, () => void respond(response))),
    )
  },
  fastify(auth, connections, page) {
    let hook: ((request: never, reply: never, done: () => void) => void) | undefined
    const plugin = fastifyPlugin(auth, connections, { keepAlive })
    plugin({ addHook: (_name, added) => (hook = added as never) }, {}, () => undefined)
    return throughServer(
      createServer((raw, response) => {
        const send = async (sent: unknown) => {
          if (!(sent instanceof Response)) throw sent
          response.writeHead(sent.status, [...sent.headers].flat())
          response.end(await sent.text())
        }
        const proceed = async () => void response.end(JSON.stringify(await page()))
        hook?.({ raw } as never, { raw: response, send } as never, () => void proceed())
      }),
    )
  },
  hono(auth, connections, page) {
    const handle = honoMiddleware(auth, connections, { keepAlive })
    return async (raw) => {
      const context = { req: { raw }, env: {}, executionCtx: undefined, res: new Response() }
      const own = await handle(context, async () => {
        context.res = Response.json(await page())
      })
      return own ?? context.res
    }
  },
  sveltekit(auth, connections, page) {
    const handle = svelteKitHandle(auth, connections, { keepAlive })
    return (request) => handle({ event: { request }, resolve: async () => Response.json(await page()) })
  },
  next(auth, connections, page) {
    const { GET, route } = next(auth, connections, { keepAlive })
    const home = route(async () => Response.json(await page()))
    return async (request) => (new URL(request.url).pathname === '/settings' ? home(request) : GET(request))
  },
}

/** The work that the frameworks keep alive. */
const kept: unknown[] = []
const keepAlive = (work: Promise<unknown>) => void kept.push(work)

function createApplication(framework: Framework) {
  const clock = createManualClock()
  const authorizationServer = createAuthorizationServer({ clock })
  const [{ id: clientId, secret: clientSecret = '' } = { id: '' }] = authorizationServer.clients
  const { issuer, fetch: serverFetch } = authorizationServer
  const auth = evertoken({
    issuer,
    clientId,
    clientSecret,
    encryptionSecret: SECRET,
    baseUrl: APP,
    store: { ...createMemoryStore({ clock }), outlivesProcess: true },
    fetch: serverFetch,
    clock,
  })
  const providers = { calendar: { issuer, clientId, clientSecret, scope: 'openid calendar' } }
  const connections = createConnections({ auth, providers })
  const calendar = connections.current('calendar')
  const page = async () => ({ owner: (await auth.getUser())?.sub, state: (await calendar.getState()).state })
  const passed: unknown[] = []
  const spied: typeof connections = {
    ...connections,
    route(request, given) {
      const count = kept.length
      given?.(Promise.resolve())
      passed.push(kept.length - count)
      return connections.route(request, given)
    },
  }
  const app = framework(auth, spied, page)
  return { app, auth, passed, browser: createBrowser({ baseUrl: APP, clock, authorizationServer }) }
}

describe.each(Object.entries(frameworks))('the connections of %s', (_name, framework) => {
  it('have routes, and belong to the user of the request', async () => {
    const { app, passed, browser } = createApplication(framework)
    const show = async () => (await browser.navigate(app, '/settings')).json()
    expect(await show()).toEqual({ state: 'not_connected' })
    await browser.signIn(app, { user: 'ada' })
    expect(await show()).toEqual({ owner: 'ada', state: 'not_connected' })
    const link = { headers: { 'sec-fetch-site': 'same-origin' } }
    const response = await browser.navigate(app, '/connections/calendar/connect?returnTo=/settings', link)
    expect(await response.json()).toEqual({ owner: 'ada', state: 'active' })
    const listed = await browser.fetch(app, '/connections')
    expect(await listed.json()).toMatchObject([{ name: 'calendar', state: 'active' }])
    // The work of the routes is kept alive by the option of the framework.
    expect(new Set(passed)).toEqual(new Set([1]))
  })
})

it('names the remedy for connections of a Worker that are not bound', () => {
  const { auth } = createApplication(frameworks.hono as Framework)
  const ofWorker = { bind: () => undefined }
  expect(() => honoMiddleware(auth, ofWorker as never)).toThrow('connections.bind(env, ctx)')
})
