import { once } from 'node:events'
import {
  type ClientRequest,
  createServer,
  type IncomingMessage,
  request as httpRequest,
  type RequestListener,
} from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import type { Readable, Writable } from 'node:stream'
import { cookieHeaderOf } from '@evertoken/testkit'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createApplication } from './application.ts'

const closing: (() => void)[] = []
// The adapter logs incomplete responses, and targets that are not valid URLs.
beforeEach(() => void vi.spyOn(console, 'error').mockImplementation(() => undefined))
afterEach(() => {
  vi.restoreAllMocks()
  for (const close of closing.splice(0)) close()
})

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  closing.push(() => {
    server.closeAllConnections()
    server.close()
  })
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

interface Door {
  readonly url: string
  /** The headers of a signed-in browser on a page of the application. */
  readonly headers: Record<string, string>
  call(path: string, method?: string): ClientRequest
}

/** A real server with the proxy, a real API behind it, and a signed-in user. */
async function door(api: RequestListener, target = '/v1/'): Promise<Door> {
  const { auth, server } = createApplication({ session: 'server' })
  const proxy = auth.createTokenProxy({ '/api/*': { target: (await serve(api)) + target, token: 'user' } })
  const url = await serve(
    auth.listener(async (request) => {
      if (new URL(request.url).pathname !== '/start')
        return (await proxy(request)) ?? new Response('no route')
      await auth.startSession(await server.issue({ expiresIn: 300 }))
      return new Response()
    }),
  )
  const started = await fetch(`${url}/start`)
  const headers = { cookie: cookieHeaderOf(started), 'sec-fetch-site': 'same-origin' }
  const call = (path: string, method = 'GET') => httpRequest(url + path, { method, headers, agent: false })
  return { url, headers, call }
}

async function answerOf(call: ClientRequest): Promise<IncomingMessage> {
  const [response] = (await once(call, 'response')) as [IncomingMessage]
  return response
}

async function nextOf(stream: Readable): Promise<string> {
  const [chunk] = (await once(stream, 'data')) as [Buffer]
  return String(chunk)
}

/** Turns of the event loop, in which whatever can move has moved. */
async function quiet(moved: () => number): Promise<void> {
  for (let still = 0, last = -1; still < 500; still++) {
    await new Promise(setImmediate)
    if (moved() !== last) [still, last] = [0, moved()]
  }
}

const CHUNK = Buffer.alloc(64 * 1024, 'x')
const CHUNKS = 512

/** Writes as fast as it is let; resolves to the number of chunks written, as it grows. */
function pour(into: Writable): { readonly written: () => number } {
  let count = 0
  const more = (): void => {
    while (count < CHUNKS) {
      count++
      if (!into.write(CHUNK)) return void into.once('drain', more)
    }
    into.end()
  }
  more()
  return { written: () => count }
}

async function drain(from: Readable): Promise<number> {
  let bytes = 0
  for await (const chunk of from) bytes += (chunk as Buffer).length
  return bytes
}

describe('streams', () => {
  it('pass in both directions at the same time, piece by piece', async () => {
    const { call } = await door((request, response) => void request.pipe(response))
    const calling = call('/api/echo', 'POST')
    calling.write('one')
    const response = await answerOf(calling)
    expect(await nextOf(response)).toBe('one')
    for (const piece of ['two', 'three']) {
      const echoed = nextOf(response)
      calling.write(piece)
      expect(await echoed).toBe(piece)
    }
    calling.end()
    expect(await drain(response)).toBe(0)
  })

  it('an upload waits for an API that is slow to read, and arrives whole', async () => {
    let received: IncomingMessage | undefined
    const { call } = await door((request) => void (received = request))
    const calling = call('/api/upload', 'POST').on('error', () => undefined)
    const { written } = pour(calling)
    await quiet(() => written() + Number(received !== undefined))

    expect(received).toBeDefined()
    expect(written()).toBeLessThan(CHUNKS / 2)
    expect(received && (await drain(received))).toBe(CHUNKS * CHUNK.length)
  })

  it('an answer waits for a browser that is slow to read, and arrives whole', async () => {
    let written = () => 0
    const { call } = await door((_request, response) => void ({ written } = pour(response)))
    const response = await answerOf(call('/api/download').end())
    await quiet(() => written())

    expect(written()).toBeLessThan(CHUNKS / 2)
    expect(await drain(response)).toBe(CHUNKS * CHUNK.length)
  })
})

describe('whoever leaves', () => {
  it('before the response, closes the request to the API', async () => {
    let arrived: (() => void) | undefined
    const asked = new Promise<void>((resolve) => (arrived = resolve))
    let left: Promise<unknown> | undefined
    const { call } = await door((request) => {
      left = once(request.socket, 'close')
      arrived?.()
    })
    const calling = call('/api/slow').end()
    calling.on('error', () => undefined)
    await asked
    calling.destroy()
    await left
  })

  it('in the middle of the response, closes the request to the API', async () => {
    let left: Promise<unknown> | undefined
    const { call } = await door((_request, response) => {
      left = once(response, 'close')
      response.write('endless')
    })
    const calling = call('/api/stream').end()
    const response = await answerOf(calling)
    expect(await nextOf(response)).toBe('endless')
    calling.destroy()
    await left
  })

  it('in the middle of an upload, closes the request to the API, which never sees a complete body', async () => {
    let tell: ((outcome: string) => void) | undefined
    const outcome = new Promise<string>((resolve) => (tell = resolve))
    const { call } = await door((request) => {
      request.once('data', () => calling.destroy())
      request.once('end', () => tell?.('whole')).once('error', () => tell?.('broken'))
    })
    const calling: ClientRequest = call('/api/upload', 'POST')
    calling.on('error', () => undefined)
    calling.write(CHUNK)
    expect(await outcome).toBe('broken')
  })

  it('after a redirect that is refused, is the proxy: it closes the request to the API', async () => {
    let left: Promise<unknown> | undefined
    const { call } = await door((_request, response) => {
      left = once(response, 'close')
      response.writeHead(302, { location: '/elsewhere' }).write('endless')
    })
    expect((await answerOf(call('/api/moved').end())).statusCode).toBe(502)
    await left
  })

  it('of the API, in the middle of the response, closes the response to the browser', async () => {
    const { call } = await door((_request, response) => {
      response.write('half', () => response.destroy())
    })
    await expect(answerOf(call('/api/half').end()).then(drain)).rejects.toThrow()
  })
})

describe('raw request targets', () => {
  const hostile = [
    'http://evil.example/api/x',
    'https://evil.example:443/api/x',
    '//evil.example/api/x',
    '///evil.example',
    '/api//evil.example/',
    '/api/\\evil.example/',
    '/api/@evil.example/',
    '/api/..',
    '/api/../x',
    '/api/./x',
    '/api/..%2fx',
    '/api/%2e%2e/x',
    '/api/%2e%2e%2fx',
    '/api/..%5cx',
    '/api/..\\x',
    '/api/%252e%252e%252fx',
    '/api/https://evil.example/',
    '/api/%2f%2fevil.example',
    '@evil.example/api/x',
    'evil.example:80',
    '*',
    '/api/x#@evil.example',
    '/api/x?@evil.example',
    '/api/%00',
    '/api/..%00/',
    '/api/x/..;/..;/y',
    '/api',
  ]

  it.each(['/v1/', '/'])('S30: every one ends below the target %s, or here', async (below) => {
    const seen: { readonly url: string; readonly host: string | undefined }[] = []
    const { url, headers } = await door((request, response) => {
      seen.push({ url: request.url ?? '', host: request.headers.host })
      response.end()
    }, below)

    for (const target of hostile) await send(url, target, headers)

    expect(seen.length).toBeGreaterThan(3)
    for (const { url: path, host } of seen) {
      expect(host).toMatch(/^127\.0\.0\.1:\d+$/)
      expect(new URL(path, 'http://api').href).toMatch(new RegExp(`^http://api${below.slice(0, -1)}(?:/|$)`))
      expect(decodeURIComponent(decodeURIComponent(path))).not.toMatch(/[/\\]\.\.(?:[/\\;\0]|$)/)
    }
  })

  async function send(url: string, target: string, headers: Record<string, string>): Promise<void> {
    const { hostname, port, host } = new URL(url)
    const socket = connect(Number(port), hostname)
    const lines = Object.entries({ host, connection: 'close', ...headers })
    socket.end(
      `GET ${target} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`,
    )
    await drain(socket)
  }
})
