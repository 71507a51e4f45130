import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createMemoryStore } from '@evertoken/core'
import type { Evertoken, Handler } from '@evertoken/node'
import { cookieHeaderOf } from '@evertoken/testkit'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { authorizationServer, clock, createAuth as createApplicationAuth, listen } from './application.ts'

type Message = IncomingMessage & { body?: unknown; rawBody?: unknown }
/** A body parser: reads the body before Evertoken does, and keeps it somewhere. */
type Parser = (message: Message, body: Buffer) => void

const TYPED_ERROR = { name: 'ConfigurationError', code: 'request_body_used' }
const FORM = { 'content-type': 'application/x-www-form-urlencoded' }

afterEach(() => vi.restoreAllMocks())

const createAuth = () =>
  createApplicationAuth({ store: createMemoryStore({ clock }), backChannelLogout: true })

function serve(parse: Parser, application: Handler, auth: Evertoken = createAuth()): Promise<string> {
  const listener = auth.listener(application)
  const read = (message: Message, response: ServerResponse): void => {
    const chunks: Buffer[] = []
    message.on('data', (chunk: Buffer) => chunks.push(chunk))
    // As body parsers do: the message is not closed yet.
    message.on('end', () => {
      parse(message, Buffer.concat(chunks))
      listener(message, response)
    })
  }
  return listen(createServer(read))
}

const parseJson: Parser = (message, body) => (message.body = JSON.parse(String(body)))
const parseForm: Parser = (message, body) =>
  (message.body = Object.fromEntries(new URLSearchParams(String(body))))
const echo: Handler = async (request) => new Response(await request.text())

describe('a request whose body was read before the listener', () => {
  it.each<[string, Parser]>([
    ['JSON', parseJson],
    ['a form', parseForm],
    ['nothing', () => undefined],
  ])(
    'fails immediately with a typed error if the application reads it, parsed to %s',
    async (_what, parse) => {
      const logged = vi.spyOn(console, 'error').mockReturnValue(undefined)
      const url = await serve(parse, echo)
      const response = await fetch(url, { method: 'POST', headers: FORM, body: '{"a":1}' })

      expect(response.status).toBe(500)
      expect(logged.mock.calls).toEqual([[expect.objectContaining(TYPED_ERROR)]])
      expect(String(logged.mock.calls)).toContain('before the body parser')
    },
  )

  it('is handled if the application does not read it', async () => {
    const url = await serve(parseJson, ({ method, headers }) => {
      return new Response(`${method} ${headers.get('content-length')}`)
    })
    const response = await fetch(url, { method: 'PUT', body: '{"a":1}' })
    expect(await response.text()).toBe('PUT 7')
  })

  it.each<[string, string, Parser]>([
    ['an empty body', '', () => undefined],
    ['text', 'ä=1', (message, body) => (message.body = String(body))],
    ['bytes', 'ä=1', (message, body) => (message.body = body)],
    [
      'bytes after the parsed body',
      '{"a":1}',
      (message, body) => {
        message.rawBody = body
        parseJson(message, body)
      },
    ],
  ])('still has %s', async (_what, body, parse) => {
    const url = await serve(parse, echo)
    const response = await fetch(url, { method: 'POST', body })
    expect(await response.text()).toBe(body)
  })

  it('is used by the routes of the library if it is a parsed form', async () => {
    const auth = createAuth()
    const url = await serve(
      parseForm,
      async () => {
        await auth.startSession(await authorizationServer.issue(), { claims: { sub: 'user-1' } })
        return new Response()
      },
      auth,
    )
    const started = await fetch(url, { method: 'POST' })
    const cookie = cookieHeaderOf(started)
    const logOut = async (): Promise<Response> => {
      const token = await authorizationServer.logoutToken({ sub: 'user-1' })
      const body = new URLSearchParams({ logout_token: token })
      return fetch(`${url}/auth/back-channel-logout`, { method: 'POST', body })
    }
    const headers = { cookie, 'x-evertoken': '1' }

    expect((await fetch(`${url}/auth/user`, { headers })).status).toBe(200)
    expect((await logOut()).status).toBe(200)
    expect((await fetch(`${url}/auth/user`, { headers })).status).toBe(401)
  })

  it('makes a route that needs it name the remedy', async () => {
    const url = await serve(() => undefined, echo)
    const body = new URLSearchParams({ logout_token: 'canary' })
    const response = await fetch(`${url}/auth/back-channel-logout`, { method: 'POST', body })

    expect(response.status).toBe(400)
    const { error_description: description } = (await response.json()) as Record<string, string>
    expect(description).toContain('Register Evertoken before the body parser')
  })

  it('is not passed on by the proxy, which names the remedy', async () => {
    const api = await listen(createServer((request, response) => request.pipe(response)))
    const auth = createAuth()
    const proxy = auth.createTokenProxy({ '/api/*': { target: api, token: 'none' } })
    const url = await serve(
      parseJson,
      async (request) => (await proxy(request)) ?? new Response(null, { status: 404 }),
      auth,
    )
    const response = await fetch(`${url}/api/orders`, { method: 'POST', body: '{"a":1}' })

    expect(response.status).toBe(500)
    expect(await response.json()).toMatchObject({ code: 'request_body_used', action: 'configure' })
  })
})
