import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { createMemoryStore } from '@evertoken/core'
import { clientCredentials } from '@evertoken/core/grants'
import { type AsyncStorage, evertoken, type Evertoken, type EvertokenWithClient } from '@evertoken/node/edge'
import { pauseAfterProcessing, cookieHeaderOf } from '@evertoken/testkit'
import { describe, expect, it, vi } from 'vitest'
import { authorizationServer, clock, createOptions } from './application.ts'

const URL_OF_APP = 'https://app.example.com/'

function createEdgeAuth(asyncStorage?: AsyncStorage): Evertoken {
  const store = { ...createMemoryStore({ clock }), outlivesProcess: true }
  return evertoken({ ...createOptions(), store }, asyncStorage ? { asyncStorage } : {})
}

/** Starts a session whose token expires after 300 seconds. */
async function signIn(auth: Evertoken): Promise<Request> {
  const started = await auth.handle(new Request(URL_OF_APP), async (_request, session) => {
    await session.startSession(await authorizationServer.issue({ expiresIn: 300 }))
    return new Response()
  })
  const cookie = cookieHeaderOf(started)
  return new Request(URL_OF_APP, { headers: { cookie } })
}

describe('evertoken for edge runtimes', () => {
  it('imports no module of a runtime', async () => {
    const { metafile } = await build({
      entryPoints: [fileURLToPath(new URL('../src/edge.ts', import.meta.url))],
      bundle: true,
      write: false,
      metafile: true,
      platform: 'neutral',
      mainFields: ['module', 'main'],
      conditions: ['@evertoken/source', 'import', 'default'],
      external: ['node:*'],
    })
    const imports = Object.values(metafile.inputs).flatMap((input) => input.imports)

    expect(imports.length).toBeGreaterThan(50)
    expect(imports.filter(({ external }) => external)).toEqual([])
  })

  it('passes all arguments of the platform on, and finds the current session', async () => {
    const auth = createEdgeAuth()
    const handler = auth.handler(async (_request: Request, first: object, second: string) => {
      return Response.json([first, second, (await auth.getUserAccessToken())?.type])
    })

    const response = await handler(await signIn(auth), { params: 1 }, 'second')

    expect(await response.json()).toEqual([{ params: 1 }, 'second', 'Bearer'])
  })

  it.each(['an argument', 'the option keepAlive'])(
    'gives background work to waitUntil of %s',
    async (from) => {
      const auth = createEdgeAuth()
      const request = await signIn(auth)
      await clock.advance(285_000)
      const hold = pauseAfterProcessing()
      authorizationServer.script('refresh', hold)
      const kept: Promise<unknown>[] = []
      const waitUntil = (work: Promise<unknown>) => void kept.push(work)
      const ignored = { waitUntil: vi.fn() }
      const application = async (_request: Request, _context: object) =>
        new Response((await auth.getUserAccessToken())?.type)
      const respond =
        from === 'an argument'
          ? auth.handler(application)(request, { waitUntil })
          : auth.handler(application, { keepAlive: waitUntil })(request, ignored)

      expect(await (await respond).text()).toBe('Bearer')
      await hold.reached
      hold.release()
      await Promise.all(kept)
      expect(kept.length).toBeGreaterThan(0)
      expect(ignored.waitUntil).not.toHaveBeenCalled()
    },
  )

  describe('the token of the application itself', () => {
    async function expectTokens({ getClientAccessToken, createTokenFetch }: EvertokenWithClient) {
      const sent: (string | null)[] = []
      const api = createTokenFetch({
        baseUrl: 'https://api.example.com/',
        token: 'client',
        fetch: async (_url, init) => {
          sent.push(new Headers(init?.headers).get('authorization'))
          return new Response()
        },
      })
      const { value } = await getClientAccessToken()
      await api('orders')
      expect(sent).toEqual([`Bearer ${value}`])
    }
    const create = () =>
      evertoken({ ...createOptions(), store: createMemoryStore({ clock }), client: clientCredentials() })

    it('needs no request', () => expectTokens(create()))

    it('needs no AsyncLocalStorage', async () => {
      vi.stubGlobal('process', undefined)
      const auth = create()
      vi.unstubAllGlobals()
      await expectTokens(auth)
    })
  })

  describe('without AsyncLocalStorage', () => {
    it('passes the session as an argument, and names that if it is missing', async () => {
      vi.stubGlobal('process', undefined)
      const auth = createEdgeAuth()
      vi.unstubAllGlobals()

      const response = await auth.handle(await signIn(auth), async (_request, session) => {
        const ambient = auth.getUserAccessToken()
        await expect(ambient).rejects.toMatchObject({
          name: 'ConfigurationError',
          code: 'async_context_missing',
          message: expect.stringContaining('`handle`') as string,
        })
        return new Response((await session.getUserAccessToken())?.type)
      })

      expect(await response.text()).toBe('Bearer')
    })

    it.each(['an argument', 'a global'])('uses one from %s', async (from) => {
      const { AsyncLocalStorage } = process.getBuiltinModule('node:async_hooks')
      vi.stubGlobal('process', undefined)
      if (from === 'a global') vi.stubGlobal('AsyncLocalStorage', AsyncLocalStorage)
      const auth = createEdgeAuth(from === 'an argument' ? new AsyncLocalStorage<object>() : undefined)
      vi.unstubAllGlobals()
      const handler = auth.handler(async () => new Response((await auth.getUserAccessToken())?.type))

      expect(await (await handler(await signIn(auth))).text()).toBe('Bearer')
    })
  })

  it('refuses to run without a store, and names the remedy', () => {
    const { server, clientId, encryptionSecret } = createOptions()
    const options = { server, clientId, encryptionSecret } as never

    expect(() => evertoken(options)).toThrow(
      expect.objectContaining({
        name: 'ConfigurationError',
        code: 'invalid_option',
        message: expect.stringContaining('`createUpstashStore`') as string,
      }),
    )
  })

  it('refuses `listener`, which the types of `@evertoken/node` have', () => {
    const auth = createEdgeAuth() as unknown as { listener(application: () => Response): unknown }

    expect(() => auth.listener(() => new Response())).toThrow(
      expect.objectContaining({ name: 'ConfigurationError', code: 'invalid_option' }),
    )
  })
})
