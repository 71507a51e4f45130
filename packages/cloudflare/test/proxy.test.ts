import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, request, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Application, type Browser, startApplication } from './application.ts'

const GREETING = Buffer.from([0x81, 2, ...Buffer.from('hi')])
const seen: IncomingMessage[] = []
let api: Server
let application: Application
let browser: Browser

beforeAll(async () => {
  api = createServer((incoming, response) => {
    seen.push(incoming)
    response.setHeader('set-cookie', ['theme=canary', '__Host-Http-evertoken=canary', 'evertoken=canary'])
    response.setHeader('x-unknown', 'canary')
    response.setHeader('etag', '"1"')
    incoming.pipe(response)
  })
  api.on('upgrade', (incoming: IncomingMessage, socket: Socket) => {
    seen.push(incoming)
    const key = `${incoming.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`
    const accept = createHash('sha1').update(key).digest('base64')
    socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n')
    socket.write(
      'Set-Cookie: theme=canary\r\nSet-Cookie: __Host-Http-evertoken=canary\r\nX-Unknown: canary\r\n',
    )
    socket.write('Clear-Site-Data: "cookies"\r\nSec-WebSocket-Protocol: orders\r\n')
    socket.write(`Sec-WebSocket-Accept: ${accept}\r\n\r\n`)
    socket.write(GREETING)
  })
  await once(api.listen(0, '127.0.0.1'), 'listening')
  application = await startApplication({
    entry: new URL('workers/proxy.ts', import.meta.url).pathname,
    services: { API: `http://127.0.0.1:${(api.address() as AddressInfo).port}` },
  })
  browser = await application.signIn()
})

afterAll(async () => {
  await application.close()
  api.closeAllConnections()
  api.close()
})

/** Requests a WebSocket. Resolves to the status and the first message. */
async function openSocket(
  path: string,
  origin: string,
): Promise<[status: number | undefined, said: string, headers?: IncomingHttpHeaders]> {
  const headers = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    origin,
    cookie: browser.cookieHeader(),
    'sec-websocket-version': '13',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    'sec-websocket-protocol': 'orders',
  }
  const asking = request(application.worker.url + path, { headers, agent: false }).end()
  return new Promise((resolve, reject) => {
    asking.on('error', reject)
    asking.on('response', (response) => {
      response.resume()
      resolve([response.statusCode, ''])
    })
    asking.on('upgrade', (response, socket, head) => {
      const said = (data: Buffer) => {
        socket.destroy()
        resolve([response.statusCode, data.toString('latin1'), response.headers])
      }
      if (head.length > 0) said(head)
      else socket.once('data', said)
    })
  })
}

it('passes a body on and the answer back', async () => {
  const headers = { 'sec-fetch-site': 'same-origin', 'content-type': 'a/b' }
  const response = await browser.get('/api/echo?a=1', { method: 'POST', body: 'said', headers })

  expect(await response.text()).toBe('said')
  expect(seen.at(-1)).toMatchObject({ method: 'POST', url: '/v1/echo?a=1' })
  expect(seen.at(-1)?.headers).toMatchObject({ 'content-type': 'a/b' })
  expect(seen.at(-1)?.headers.authorization).toMatch(/^Bearer at_/)
  expect(seen.at(-1)?.headers).not.toHaveProperty('cookie')
})

it('opens a WebSocket with the token where that is allowed', async () => {
  const [status, said, headers] = await openSocket('/sockets/orders', application.worker.url)

  expect([status, said]).toEqual([101, GREETING.toString('latin1')])
  expect(seen.at(-1)?.headers).toMatchObject({ 'sec-websocket-protocol': 'orders' })
  // S33: The API sets no cookie by the way, and the session does not lose its own.
  expect(JSON.stringify(headers)).not.toContain('canary')
  expect(headers).not.toHaveProperty('clear-site-data')
  expect(headers).toMatchObject({ 'sec-websocket-protocol': 'orders' })
  expect(headers?.['set-cookie']?.join()).toMatch(/^evertoken-[\da-z]+=/)
  expect(seen.at(-1)?.url).toBe('/v1/orders')
  expect(seen.at(-1)?.headers.authorization).toMatch(/^Bearer at_/)
  expect(seen.at(-1)?.headers).not.toHaveProperty('cookie')
})

it('S21: opens none for another site, nor where it is not allowed', async () => {
  const before = seen.length

  expect(await openSocket('/sockets/orders', 'https://evil.example')).toEqual([403, ''])
  expect(await openSocket('/api/orders', application.worker.url)).toEqual([501, ''])
  expect(seen).toHaveLength(before)
})

it.each(['/relay', '/as-it-is', '/copy', '/api/orders'])(
  'S33: %s gives the browser only safe headers',
  async (path) => {
    const response = await browser.get(path, { headers: { 'sec-fetch-site': 'same-origin' } })

    expect(response.status).toBe(200)
    expect(JSON.stringify([...response.headers])).not.toContain('canary')
    expect(response.headers.get('etag')).toBe('"1"')
    expect(response.headers.get('cache-control')).toMatch(/^(?:private|no-store)$/)
  },
)

it('E4: a response that is compressed by hand stays so when it gets a cookie', async () => {
  const response = await browser.get('/manual')

  expect(response.headers.getSetCookie()).toHaveLength(1)
  expect(await response.text()).toBe('compressed once')
})
