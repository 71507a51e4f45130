import { AsyncLocalStorage } from 'node:async_hooks'
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { Evertoken } from '@evertoken/node'
import { describe, expect, it } from 'vitest'
import { behindMiddleware, createAuth, serveClassic, startSession } from './application.ts'

const codeOf = (work: () => unknown): unknown => {
  try {
    work()
  } catch (error) {
    return (error as NodeJS.ErrnoException).code
  }
  return 'no error'
}

async function finished(response: ServerResponse): Promise<void> {
  if (!response.writableFinished) await once(response, 'finish')
}

/** Does what `compression` 1.7 does: it sends the headers itself, unless `_header` shows that they are sent. */
function writeLikeCompression(response: ServerResponse): void {
  const { write, end } = response
  const sendHead = () => {
    const { _header: header } = response as unknown as { readonly _header: unknown }
    if (!header) response.writeHead(response.statusCode)
  }
  Object.assign(response, {
    write(chunk: string) {
      sendHead()
      return Reflect.apply(write, response, [chunk.toUpperCase()]) as boolean
    },
    end(chunk: string) {
      sendHead()
      return Reflect.apply(end, response, [chunk.toUpperCase()]) as ServerResponse
    },
  })
}

describe('a held response', () => {
  it.each<[string, (response: ServerResponse) => unknown]>([
    ['end', (response) => response.end('all')],
    ['write', (response) => response.write('all')],
    ['flushHeaders', (response) => response.flushHeaders()],
    ['writeHead', (response) => response.writeHead(200)],
  ])('refuses other headers after %s', async (_what, send) => {
    const auth = createAuth()
    const changes: [string, (response: ServerResponse) => unknown][] = [
      ['setHeader', (response) => response.setHeader('x-late', '1')],
      ['setHeaders', (response) => response.setHeaders(new Headers({ 'x-late': '1' }))],
      ['appendHeader', (response) => response.appendHeader('x-late', '1')],
      ['removeHeader', (response) => response.removeHeader('x-early')],
      ['writeHead', (response) => response.writeHead(500)],
    ]
    let codes: unknown
    const url = await serveClassic(auth, async (_request, response) => {
      await startSession(auth)
      response.setHeader('x-early', '1')
      send(response)
      codes = changes.map(([, change]) => codeOf(() => change(response)))
      response.end()
    })
    const response = await fetch(url)
    await response.text()

    expect(codes).toEqual(changes.map(() => 'ERR_HTTP_HEADERS_SENT'))
    expect([response.headers.get('x-early'), response.headers.get('x-late')]).toEqual(['1', null])
    expect(response.headers.getSetCookie()).toHaveLength(1)
  })

  it('reports a second body to the callback, and sends the first one', async () => {
    const codes: unknown[] = []
    const note = (error?: Error | null) => codes.push((error as NodeJS.ErrnoException | undefined)?.code)
    const url = await serveClassic(createAuth(), (_request, response) => {
      response.statusCode = 404
      response.end('first')
      response.statusCode = 500
      response.write('second', note)
      response.end('third', note)
      response.end()
    })
    const response = await fetch(url)
    expect([response.status, await response.text()]).toEqual([404, 'first'])
    expect(codes).toEqual(['ERR_STREAM_WRITE_AFTER_END', 'ERR_STREAM_WRITE_AFTER_END'])
  })

  it('runs the callback of a second end without a body', async () => {
    let second = false
    const url = await serveClassic(createAuth(), (_request, response) => {
      response.end('all')
      response.end(() => (second = true))
    })
    expect(await (await fetch(url)).text()).toBe('all')
    expect(second).toBe(true)
  })

  it.each(['before', 'after'] as const)('works with a compression %s the middleware', async (place) => {
    const auth = createAuth()
    const stream = async (response: ServerResponse) => {
      await startSession(auth)
      if (place === 'after') writeLikeCompression(response)
      response.write('one ')
      response.write('two ')
      await new Promise(setImmediate)
      response.write('three ')
      response.end('four')
    }
    const url = await serveClassic(
      auth,
      (_request, response) => stream(response),
      (_request, response) => place === 'before' && writeLikeCompression(response),
    )
    const response = await fetch(url)
    expect([response.status, await response.text()]).toEqual([200, 'ONE TWO THREE FOUR'])
    expect(response.headers.getSetCookie()).toHaveLength(1)
  })

  it('shows that the headers are sent from then on', async () => {
    const auth = createAuth()
    const seen = new Set<boolean>()
    const url = await serveClassic(auth, async (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      for (let turn = 0; turn < 100; turn++) {
        seen.add(response.headersSent)
        await new Promise(setImmediate)
      }
      response.end('all')
      await finished(response)
      seen.add(response.headersSent)
    })
    expect(await (await fetch(url)).text()).toBe('all')
    expect([...seen]).toEqual([true])
  })

  it.each<[string, (response: ServerResponse, note: () => void) => unknown]>([
    ['end', (response, note) => response.on('finish', note).end('all', note)],
    [
      'write',
      async (response, note) => {
        response.once('drain', note).write('al', note)
        await once(response, 'drain')
        response.end('l')
      },
    ],
  ])('runs the callback and the listeners of %s in the async context of the caller', async (...given) => {
    const [, send] = given
    const own = new AsyncLocalStorage<string>()
    const seen: unknown[] = []
    const url = await serveClassic(createAuth(), (_request, response) =>
      own.run('own', () => send(response, () => seen.push(own.getStore()))),
    )
    expect(await (await fetch(url)).text()).toBe('all')
    expect(seen).toEqual(['own', 'own'])
  })

  it('keeps the context in which the application emits an event', async () => {
    const own = new AsyncLocalStorage<string>()
    let seen: unknown
    const url = await serveClassic(createAuth(), (request, response) => {
      request.on('own', () => (seen = own.getStore()))
      own.run('emitter', () => request.emit('own'))
      response.end()
    })
    await (await fetch(url)).text()
    expect(seen).toBe('emitter')
  })

  it('keeps the sessions of two instances in events of the message', async () => {
    const [outer, inner] = [createAuth({ cookieName: 'outer' }), createAuth({ cookieName: 'inner' })]
    const isSignedIn = async (auth: Evertoken) => (await auth.getUserAccessToken()) !== undefined
    const second = behindMiddleware(inner, async (request, response) => {
      await startSession(outer)
      await startSession(inner)
      request.resume().on('end', () => {
        Promise.all([isSignedIn(outer), isSignedIn(inner)]).then(
          (signedIn) => response.end(signedIn.join()),
          (error: unknown) => response.end(String(error)),
        )
      })
    })
    const url = await serveClassic(outer, second)
    const response = await fetch(url, { method: 'POST', body: 'x'.repeat(100_000) })
    expect(await response.text()).toBe('true,true')
    expect(response.headers.getSetCookie()).toHaveLength(2)
  })
})
