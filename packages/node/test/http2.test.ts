import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { connect, createServer } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, expect, it, onTestFinished } from 'vitest'
import { behindMiddleware, type ClassicHandler, createAuth, startSession } from './application.ts'

/** The handlers of HTTP/2 have the same interface, which is how Fastify uses them. */
async function serve(auth: ReturnType<typeof createAuth>, handler: ClassicHandler) {
  const listener = behindMiddleware(auth, handler)
  const server = createServer((incoming, response) =>
    listener(incoming as unknown as IncomingMessage, response as unknown as ServerResponse),
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  onTestFinished(() => {
    client.destroy()
    server.close()
  })
  return async (path: string, signal?: AbortSignal) => {
    const stream = client.request({ ':path': path }, signal ? { signal } : {})
    const [headers] = (await once(stream, 'response')) as [Record<string, unknown>]
    return { headers, body: await text(stream) }
  }
}

describe('the middleware with HTTP/2', () => {
  it('adds cookies, and does not fail after the response is closed', async () => {
    const auth = createAuth()
    const closed: Promise<unknown>[] = []
    const request = await serve(auth, async (_request, response) => {
      closed.push(once(response, 'close'))
      await startSession(auth)
      response.writeHead(201, { 'x-own': '1' })
      response.write('a')
      response.end('ll')
    })
    const { headers, body } = await request('/')
    await Promise.all(closed)

    expect([headers[':status'], headers['x-own'], body]).toEqual([201, '1', 'all'])
    expect(headers['set-cookie']).toHaveLength(1)
    expect((await request('/auth/user')).headers[':status']).toBe(401)
  })

  it('refuses other headers after the first ones', async () => {
    const codes: unknown[] = []
    const request = await serve(createAuth(), (_request, response) => {
      response.end('all')
      for (const change of [() => response.setHeader('x-late', '1'), () => response.writeHead(500)]) {
        try {
          change()
        } catch (error) {
          codes.push((error as NodeJS.ErrnoException).code)
        }
      }
    })
    expect((await request('/')).body).toBe('all')
    expect(codes).toEqual(['ERR_HTTP2_HEADERS_SENT', 'ERR_HTTP2_HEADERS_SENT'])
  })

  it('finishes the request of a handler that never responds when the client leaves', async () => {
    const auth = createAuth()
    const controller = new AbortController()
    const request = await serve(auth, async () => {
      await startSession(auth)
      controller.abort()
    })
    await expect(request('/', controller.signal)).rejects.toThrow(/aborted/)
    await auth.drain({ timeoutSeconds: 20 })
  })
})
