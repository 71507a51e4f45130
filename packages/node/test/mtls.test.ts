import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import type { TLSSocket } from 'node:tls'
import { ConfigurationError } from '@evertoken/core'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createCertificate } from '../../../test/integration/certificate.ts'
import { createMtlsFetch } from '../src/mtls.ts'

const server = createCertificate('server')
const client = createCertificate('client')
const identity = { ...client, ca: server.cert }

/** A server that refuses the handshake without a certificate. */
async function serve(
  listener: (request: IncomingMessage, response: ServerResponse) => unknown,
): Promise<string> {
  const https = createServer(
    { ...server, ca: client.cert, requestCert: true },
    (...args) => void listener(...args),
  )
  await new Promise<void>((resolve) => https.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    https.close()
    https.closeAllConnections()
  })
  return `https://127.0.0.1:${(https.address() as AddressInfo).port}`
}

describe('createMtlsFetch', () => {
  it('presents the certificate, and keeps the connection', async () => {
    const sockets = new Set<unknown>()
    const url = await serve(({ socket }, response) => {
      sockets.add(socket)
      response.end((socket as TLSSocket).getPeerCertificate().subject.CN)
    })
    const fetch = createMtlsFetch(identity)
    for (let i = 0; i < 3; i++) expect(await (await fetch(url)).text()).toBe('client')
    expect(sockets.size).toBe(1)
  })

  const bodies: [string, () => BodyInit, string][] = [
    ['a form', () => new URLSearchParams({ a: 'ü &' }), 'a=%C3%BC+%26'],
    ['text', () => 'text', 'text'],
    ['nothing', () => '', ''],
    ['bytes', () => Uint8Array.of(65, 66), 'AB'],
    ['a stream', () => new Blob(['streamed']).stream(), 'streamed'],
  ]
  it.each(bodies)('sends %s', async (what, body, received) => {
    const url = await serve(async (request, response) => {
      const text = (await buffer(request)).toString()
      response.end(JSON.stringify([request.method, text, request.headers]))
    })
    const init = { method: 'POST', body: body(), headers: { 'x-own': '1' }, duplex: 'half' } as RequestInit
    const [method, text, headers] = (await (await createMtlsFetch(identity)(url, init)).json()) as [
      string,
      string,
      Record<string, string>,
    ]
    expect([method, text, headers['x-own']]).toEqual(['POST', received, '1'])
    // Some token endpoints refuse a body of unknown length.
    if (what !== 'a stream') expect(headers['content-length']).toBe(String(Buffer.byteLength(received)))
    if (what === 'a form') expect(headers['content-type']).toMatch(/^application\/x-www-form-urlencoded/)
  })

  it('sends a Request', async () => {
    const url = await serve(async (request, response) => {
      response.end((await buffer(request)).toString() + request.url)
    })
    const request = new Request(`${url}/path?query`, { method: 'PUT', body: 'body' })
    expect(await (await createMtlsFetch(identity)(request)).text()).toBe('body/path?query')
  })

  it('returns status, headers and body as they arrive', async () => {
    let finish: () => void = () => undefined
    const url = await serve((_request, response) => {
      response.writeHead(
        201,
        'Made',
        [
          ['set-cookie', 'a=1'],
          ['set-cookie', 'b=2'],
        ].flat(),
      )
      response.write('begin')
      finish = () => response.end(' end')
    })
    const response = await createMtlsFetch(identity)(url)
    expect([response.status, response.statusText, response.url]).toEqual([201, 'Made', url + '/'])
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
    expect((await reader?.read())?.value).toBe('begin')
    finish()
    expect((await reader?.read())?.value).toBe(' end')
  })

  it.each([
    ['GET', 204],
    ['GET', 304],
    ['HEAD', 200],
    ['GET', 302],
  ])('returns the response to %s with the status %d, and does not follow it', async (method, status) => {
    const url = await serve((_request, response) => {
      response.writeHead(status, { location: 'https://other.example.com/' }).end()
    })
    const fetch = createMtlsFetch(identity)
    for (let i = 0; i < 2; i++) {
      const response = await fetch(url, { method })
      expect([response.status, await response.text()]).toEqual([status, ''])
      expect(response.headers.get('location')).toBe('https://other.example.com/')
    }
  })

  it('rejects with the reason of a signal: before, during and after the headers', async () => {
    const url = await serve((request, response) => {
      if (request.url === '/headers') response.write('begin')
    })
    const fetch = createMtlsFetch(identity)
    const reason = new Error('enough')
    await expect(fetch(url, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    const abort = new AbortController()
    const pending = fetch(url, { signal: abort.signal })
    setTimeout(() => abort.abort(reason), 20)
    await expect(pending).rejects.toBe(reason)
    const late = new AbortController()
    const response = await fetch(`${url}/headers`, { signal: late.signal })
    late.abort(reason)
    await expect(response.text()).rejects.toThrow()
  })

  it('lets the reader leave', async () => {
    const url = await serve((_request, response) => void response.write('x'.repeat(1_000_000)))
    const response = await createMtlsFetch(identity)(url)
    await response.body?.cancel()
  })

  it('rejects as fetch does, with the code of the failure as cause', async () => {
    const url = await serve((_request, response) => response.end())
    const unreachable = createMtlsFetch(identity)('https://127.0.0.1:1')
    await expect(unreachable).rejects.toMatchObject({ name: 'TypeError', cause: { code: 'ECONNREFUSED' } })
    // It trusts no other server.
    const untrusted = createMtlsFetch({ ...client, ca: client.cert })(url)
    await expect(untrusted).rejects.toMatchObject({ name: 'TypeError' })
    // The server refuses the certificate in the handshake.
    const refused = createMtlsFetch({ ...createCertificate('other'), ca: server.cert })(url)
    await expect(refused).rejects.toMatchObject({
      name: 'TypeError',
      cause: { code: expect.any(String) as string },
    })
  })

  it.each([
    ['no certificate', { cert: '', key: client.key }],
    ['no key', { cert: client.cert, key: '' }],
    ['an undefined key', { cert: client.cert, key: undefined as never }],
    ['no PEM', { cert: 'CANARY', key: 'CANARY' }],
    ['the key of another certificate', { cert: client.cert, key: server.key }],
    ['a malformed authority', { ...client, ca: 'CANARY' }],
  ])('refuses %s, and repeats nothing of it', (_what, options) => {
    expect(() => createMtlsFetch(options)).toThrow(ConfigurationError)
    expect(() => createMtlsFetch(options)).toThrow(/`key` must be the private key of `cert`/)
    expect(() => createMtlsFetch(options)).not.toThrow(/CANARY/)
  })
})
