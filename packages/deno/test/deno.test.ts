import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { ConfigurationError, evertoken, type EvertokenEvent, type EvertokenOptions } from '../src/index.ts'

const options: EvertokenOptions = {
  issuer: 'https://login.example.com',
  clientId: 'web',
  clientSecret: 'a client secret',
  encryptionSecret: 'a secret of thirty-two characters',
}

describe('evertoken for Deno', () => {
  afterEach(() => vi.unstubAllGlobals())

  it('passes the information of the server about the request to the application', async () => {
    const auth = evertoken(options)
    const handler = auth.handler((request, info: { remoteAddr: string }) =>
      Response.json([request.url, info.remoteAddr]),
    )

    const response = await handler(new Request('https://app.example.com/here'), { remoteAddr: '192.0.2.1' })

    expect(await response.json()).toEqual(['https://app.example.com/here', '192.0.2.1'])
  })

  it('passes background work to the option keepAlive', async () => {
    const auth = evertoken(options)
    const kept: Promise<unknown>[] = []
    const keepAlive = (work: Promise<unknown>) => void kept.push(work)
    const handler = auth.handler(() => new Response(), { keepAlive })

    await handler(new Request('https://app.example.com/auth/user'))

    expect(kept).toHaveLength(1)
    const wrong = { keepAlive: true } as never
    expect(() => auth.handler(() => new Response(), wrong)).toThrow(ConfigurationError)
  })

  it('passes background work to waitUntil of an argument, as on Netlify', async () => {
    const auth = evertoken(options)
    const kept: Promise<unknown>[] = []
    const context = { waitUntil: (work: Promise<unknown>) => void kept.push(work) }
    const handler = auth.handler((_request, _context: object) => new Response())

    await handler(new Request('https://app.example.com/auth/user'), context)

    expect(kept).toHaveLength(1)
  })

  it('knows the request whose user is meant, and none outside', async () => {
    const auth = evertoken(options)
    const handler = auth.handler(async () =>
      Response.json({ token: (await auth.getUserAccessToken()) ?? null }),
    )

    const response = await handler(new Request('https://app.example.com/'))

    expect(await response.json()).toEqual({ token: null })
    await expect(auth.getUserAccessToken()).rejects.toMatchObject({ code: 'no_current_session' })
  })

  it.each([undefined, {}, { getBuiltinModule: () => undefined }])(
    'refuses a runtime without async context immediately: process is %o',
    (process) => {
      vi.stubGlobal('process', process)
      try {
        expect(() => evertoken(options)).toThrow(ConfigurationError)
        expect(() => evertoken(options)).toThrow(expect.objectContaining({ code: 'async_context_missing' }))
      } finally {
        // Streams of Node use it as soon as the test yields.
        vi.unstubAllGlobals()
      }
    },
  )

  it('imports nothing from "node:", nor anything that does', async () => {
    const { metafile } = await build({
      entryPoints: [fileURLToPath(new URL('../src/index.ts', import.meta.url))],
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
})

describe('the environment of a process', () => {
  const environment = { DENO_DEPLOYMENT_ID: 'abc', HOME: '/root' } as Readonly<Record<string, string>>
  afterEach(() => vi.unstubAllGlobals())

  it.each([
    ['Deno Deploy, which has no permissions', undefined, true],
    ['an allowed variable', 'granted', true],
    ['a variable that Deno would ask for', 'prompt', false],
    ['a denied variable', 'denied', false],
  ])('is read with %s: %s %s', async (_name, state, isRead) => {
    const read = vi.fn((name: string) => environment[name])
    const permissions = state === undefined ? undefined : { querySync: () => ({ state }) }
    vi.stubGlobal('Deno', { env: { get: read }, permissions })
    const events: EvertokenEvent[] = []
    const secret = `a secret of thirty-two characters for ${state}`
    const auth = evertoken({
      ...options,
      encryptionSecret: secret,
      session: 'server',
      onEvent: (event) => events.push(event),
    })

    await auth.sessionById('x'.repeat(43)).getUser()

    expect(read.mock.calls.length > 0).toBe(isRead)
    const reasons = events.flatMap((event) => (event.type === 'store_not_shared' ? [event.reason] : []))
    expect(reasons).toEqual(isRead ? ['serverless'] : [])
  })
})
