import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { evertoken } from '@evertoken/node'
import { cookieHeaderOf } from '@evertoken/testkit'
import { afterEach, describe, expect, it } from 'vitest'
import { createApplication, kinds } from './application.ts'
import { createGate } from './gate.ts'
import { collectGarbage } from './collect-garbage.ts'

const open: Server[] = []
afterEach(() => {
  for (const server of open.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

async function listen(answer: RequestListener): Promise<string> {
  const server = createServer(answer)
  open.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

describe('a fetched response that is passed on', () => {
  const text = '{"orders":[]}'
  const compressed = { gzip: gzipSync(text), br: brotliCompressSync(text) }

  it.each([
    ['gzip', true],
    ['gzip', false],
    ['br', true],
  ] as const)(
    'fits its headers when the API has compressed it: %s, with a length: %s',
    async (coding, told) => {
      const body = compressed[coding]
      const api = await listen((_request, response) => {
        response.setHeader('content-encoding', coding)
        if (told) response.setHeader('content-length', body.length)
        response.end(body)
      })
      const { server, options } = createApplication()
      const { baseUrl: _, ...rest } = options
      const auth = evertoken(rest)
      const orders = auth.createTokenFetch({ baseUrl: `${api}/` })
      const tokens = await server.issue()
      const url = await listen(
        auth.listener(async (request) => {
          const { pathname } = new URL(request.url)
          if (pathname === '/start') await auth.startSession(tokens)
          const response = await orders('recent')
          return pathname === '/as-it-is' ? response : new Response(response.body, response)
        }),
      )
      const started = await fetch(`${url}/start`)
      const headers = { cookie: cookieHeaderOf(started) }

      expect(await started.text()).toBe(text)
      for (const path of ['/', '/as-it-is']) {
        const response = await fetch(url + path, { headers })
        expect(response.headers.get('content-encoding')).toBeNull()
        expect(await response.text()).toBe(text)
      }
    },
  )

  it('is whole, however many calls come after it', async () => {
    const rest = createGate()
    const api = await listen((request, response) => {
      if (request.url === '/small') return void response.end('small')
      response.write('first ')
      void rest.opened.then(() => response.end('last'))
    })
    const { auth, browser } = createApplication()
    const orders = auth.createTokenFetch({ baseUrl: api })
    const tab = browser(async () => {
      const { body } = await orders('/export')
      for (let i = 0; i < 40; i++) await (await orders('/small')).text()
      await collectGarbage()
      return new Response(body)
    })
    await tab.signIn()

    const response = await tab.get('/')
    rest.open()
    expect(await response.text()).toBe('first last')
  })
})

describe.each(kinds)('a handler, %s session', (session) => {
  it.each([
    ['nothing', () => undefined],
    ['a text', () => 'hello'],
    ['an object', () => ({ status: 200 })],
    ['null', () => null],
  ])('that returns %s gets an error', async (_what, make) => {
    const { browser } = createApplication({ session })
    const answer = browser(make as never).get('/')
    await expect(answer).rejects.toMatchObject({
      name: 'ConfigurationError',
      code: 'response_not_sendable',
    })
  })

  it('that returns a response a second time gets an error', async () => {
    const { browser } = createApplication({ session })
    const same = new Response('once')
    const tab = browser(() => same)
    expect(await (await tab.get('/')).text()).toBe('once')
    await expect(tab.get('/')).rejects.toMatchObject({ code: 'response_not_sendable' })
  })
})
