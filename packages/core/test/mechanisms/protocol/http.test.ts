import { createServerAddresses } from '../../../src/rules/protocol/server-addresses.ts'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createManualClock } from '@evertoken/testkit'
import { afterEach, describe, expect, it } from 'vitest'
import { createHttp, readText } from '../../../src/mechanisms/protocol/http.ts'
import { asleep, failureOf, hangs } from '../bench.ts'

const TIMEOUT_MS = 10_000
const ENDPOINT = 'https://login.example.com/token'
let servers: Server[] = []

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

afterEach(() => {
  for (const server of servers) server.close().closeAllConnections()
  servers = []
})

function answering(text: BodyInit | null, init?: ResponseInit): typeof fetch {
  return () => Promise.resolve(new Response(text, init))
}

function http(fetch: typeof globalThis.fetch, clock = createManualClock()): ReturnType<typeof createHttp> {
  return createHttp({
    fetch,
    addresses: createServerAddresses({ issuer: 'http://localhost' }),
    clock,
    timeoutMs: TIMEOUT_MS,
  })
}

/** A body of `size` bytes, in pieces, that reports when it was cancelled. */
/** @param byte - The content, repeated. By default `a`. */
function body(
  size: number,
  byte = 0x61,
): { stream: ReadableStream<Uint8Array>; taken(): number; cancelled(): boolean } {
  let [taken, cancelled] = [0, false]
  const stream = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (taken >= size) return controller.close()
        const piece = Math.min(1000, size - taken)
        taken += piece
        controller.enqueue(new Uint8Array(piece).fill(byte))
      },
      cancel() {
        cancelled = true
      },
    },
    { highWaterMark: 0 },
  )
  return { stream, taken: () => taken, cancelled: () => cancelled }
}

describe('createHttp', () => {
  it.each([301, 302, 303, 307, 308])(
    'S28: hands a %d over as it is; the other origin receives nothing',
    async (status) => {
      const received: (string | undefined)[] = []
      const other = await serve((request, response) => {
        received.push(request.url)
        response.end()
      })
      const server = await serve((_request, response) =>
        response.writeHead(status, { location: `${other}/steal` }).end(),
      )
      const init = {
        method: 'POST',
        body: 'refresh_token=rt',
        headers: { authorization: 'Basic x' },
        redirect: 'follow',
      } as const
      expect((await http(fetch)(server, init)).status).toBe(status)
      expect(received).toEqual([])
    },
  )

  it('S28: always asks for redirect manual, and reports a hidden redirect as one', async () => {
    const seen: (RequestInit | undefined)[] = []
    const opaque: typeof fetch = (_url, init) => {
      seen.push(init)
      return Promise.resolve(Object.defineProperty(Response.json({}), 'status', { value: 0 }))
    }
    expect((await http(opaque)(ENDPOINT, { redirect: 'follow' })).status).toBe(302)
    expect(seen[0]).toMatchObject({ redirect: 'manual' })
  })

  it('passes the request on, and status, headers and body back', async () => {
    const server = await serve((request, response) => {
      response.writeHead(401, { 'x-method': request.method, 'retry-after': '7' })
      request.pipe(response)
    })
    const response = await http(fetch)(server, { method: 'PUT', body: 'größer' })
    expect([response.status, response.headers.get('x-method'), response.headers.get('retry-after')]).toEqual([
      401,
      'PUT',
      '7',
    ])
    expect(await response.text()).toBe('größer')
  })

  it.each([204, 205, 304])('takes a %d, which has no body', async (status) => {
    const response = await http(answering(null, { status }))(ENDPOINT)
    expect([response.status, await response.text()]).toEqual([status, ''])
  })

  it('reads of metadata as many bytes as it may, and not one more', async () => {
    const limit = 524_288
    expect(await (await http(answering(body(limit).stream))(ENDPOINT)).text()).toHaveLength(limit)
    const tooLarge = body(limit + 1)
    expect(await failureOf(http(answering(tooLarge.stream))(ENDPOINT))).toMatchObject({
      name: 'BodyTooLargeError',
    })
    expect(tooLarge.cancelled()).toBe(true)
  })

  it('keeps the beginning of a token response that is too large, and stops reading', async () => {
    const endless = body(Infinity, '{'.charCodeAt(0))
    const text = await (await http(answering(endless.stream))(ENDPOINT, { method: 'POST' })).text()
    expect(text.length).toBeGreaterThan(16_777_216)
    expect(text.length).toBeLessThan(16_800_000)
    expect(endless.cancelled()).toBe(true)
  })

  it('a token response that breaks off before it begins is a failure', async () => {
    const stream = new ReadableStream({ pull: (controller) => controller.error(new TypeError('terminated')) })
    expect(await failureOf(http(answering(stream))(ENDPOINT, { method: 'POST' }))).toMatchObject({
      name: 'TypeError',
    })
  })

  it('does not wait for the end of a body that is too large', async () => {
    const stream = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(10)),
      cancel: hangs,
    })
    expect(await failureOf(readText(new Response(stream), 5))).toMatchObject({ name: 'BodyTooLargeError' })
  })

  it('counts bytes, not characters, and stops an endless body immediately', async () => {
    expect(await failureOf(readText(new Response('€'.repeat(4)), 11))).toMatchObject({
      name: 'BodyTooLargeError',
    })
    const endless = body(Infinity)
    await failureOf(readText(new Response(endless.stream), 5000))
    expect(endless.taken()).toBe(6000)
  })

  it('puts characters together that were cut between two pieces', async () => {
    const bytes = new TextEncoder().encode('a€😀')
    const stream = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const byte of bytes) controller.enqueue(Uint8Array.of(byte))
        controller.close()
      },
    })
    expect(await (await http(answering(stream))(ENDPOINT)).text()).toBe('a€😀')
  })

  it.each([
    ['before the headers', () => hangs()],
    ['in the body', () => Promise.resolve(new Response(new ReadableStream({ pull: hangs })))],
  ])('ends on silence %s, and closes the connection', async (_where, answer) => {
    const clock = createManualClock()
    let signal: AbortSignal | null | undefined
    const silent: typeof fetch = (_url, init) => {
      signal = init?.signal
      return answer()
    }
    const failure = failureOf(http(silent, clock)(ENDPOINT))
    await asleep(clock, failure)
    await clock.advance(TIMEOUT_MS - 1)
    expect(signal?.aborted).toBe(false)
    await clock.advance(1)
    expect(await failure).toMatchObject({ name: 'TimeoutError' })
    expect(signal?.aborted).toBe(true)
  })

  it('leaves no timer behind, and lets the error of the connection through', async () => {
    const clock = createManualClock()
    await http(answering('x'), clock)(ENDPOINT)
    expect(clock.pending).toBe(0)
    const failing = http(() => Promise.reject(new TypeError('fetch failed')), clock)
    expect(await failureOf(failing(ENDPOINT))).toEqual(new TypeError('fetch failed'))
    expect(clock.pending).toBe(0)
  })
})
