import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { decodeHeadersInPlace, withDecodedHeaders } from '../../../src/mechanisms/calls/decoded-headers.ts'

const BODY = gzipSync('orders')
let server: Server
let url: string

beforeAll(async () => {
  server = createServer((_request, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': BODY.length }).end(BODY)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})
afterEach(() => {
  vi.unstubAllGlobals()
})

describe.each([
  ['withDecodedHeaders', withDecodedHeaders],
  ['decodeHeadersInPlace', decodeHeadersInPlace],
])('%s', (_name, decode) => {
  it('removes the headers that describe the encoded body', async () => {
    const response = decode(await fetch(url))
    expect(response.headers.has('content-encoding')).toBe(false)
    expect(response.headers.has('content-length')).toBe(false)
    expect(await response.text()).toBe('orders')
  })

  it('keeps the headers of a response without a body, because `fetch` has decoded nothing', async () => {
    const response = decode(await fetch(url, { method: 'HEAD' }))
    response.headers.set('x-frame-options', 'DENY')
    expect(response.headers.get('content-encoding')).toBe('gzip')
    expect(response.headers.get('content-length')).toBe(String(BODY.length))
  })
})

describe('decodeHeadersInPlace', () => {
  it('leaves the names of the members as they are', async () => {
    const plain = await fetch(url)
    const names = namesOf(plain)
    expect(names).toContain('headers')
    expect(namesOf(decodeHeadersInPlace(plain)).toSorted()).toEqual(names.toSorted())
    await plain.text()
  })

  it('works with the responses of tools that replace `Response` and `fetch` later', async () => {
    const before = decodeHeadersInPlace(await fetch(url))
    const native = globalThis.fetch
    vi.stubGlobal('Response', ReplacedResponse)
    vi.stubGlobal('fetch', async (input: string) => new ReplacedResponse(await native(input)))

    const response = decodeHeadersInPlace(await fetch(url))
    response.headers.set('x-frame-options', 'DENY')
    expect(response).toBeInstanceOf(Response)
    expect(response.headers.has('content-encoding')).toBe(false)
    expect(await response.text()).toBe('orders')
    expect(before.headers.has('content-encoding')).toBe(false)
    expect(await before.text()).toBe('orders')
  })
})

/** The members that `for (… in …)` finds. */
function namesOf(response: Response): string[] {
  const names: string[] = []
  for (const name in response) names.push(name)
  return names
}

/** Like the responses of another copy of undici, its members do not work for native responses, nor those of native ones for it. */
class ReplacedResponse {
  readonly #native: Response

  constructor(native: Response) {
    this.#native = native
  }
  get headers(): Headers {
    return this.#native.headers
  }
  get body(): ReadableStream | null {
    return this.#native.body
  }
  get type(): ResponseType {
    return this.#native.type
  }
  text(): Promise<string> {
    return this.#native.text()
  }
}
