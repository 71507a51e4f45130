import { join } from 'node:path'
import vm from 'node:vm'
import { build } from 'esbuild'
import { expect, it } from 'vitest'
import { createAuthorizationServer, cookieHeaderOf } from '@evertoken/testkit'
import type * as Core from '@evertoken/core/adapter'
import { coreSource } from './source-files.ts'

/** Web Fetch, WebCrypto, URL, encodings, streams and timers: all that core may use. */
const ALLOWED = [
  'fetch Request Response Headers FormData Blob',
  'crypto CryptoKey',
  'URL URLSearchParams',
  'TextEncoder TextDecoder btoa atob',
  'ReadableStream WritableStream TransformStream',
  'AbortController AbortSignal DOMException',
  'setTimeout clearTimeout performance',
  // Of the language, but WebCrypto returns those of its own realm.
  'ArrayBuffer Uint8Array',
].flatMap((line) => line.split(' '))

it('signs in, refreshes, calls an API and revokes with only Web APIs available', async () => {
  const { createEvertoken, createFlights } = await loadCore()
  const server = createAuthorizationServer()
  const client = server.clients[0]
  const authorizations: (string | null)[] = []
  let current: object | undefined
  const auth = createEvertoken(
    {
      issuer: server.issuer,
      clientId: client?.id ?? '',
      clientSecret: client?.secret,
      encryptionSecret: 'a secret of thirty-two characters',
      baseUrl: 'https://app.example.com',
      fetch: (input, init) => server.fetch(input, init),
    },
    {
      context: {
        run(value, work) {
          current = value
          return work()
        },
        get: () => current,
      },
      flights: createFlights(),
      keepAlive() {},
    },
  )
  const api = auth.createTokenFetch({
    baseUrl: 'https://api.example.com/',
    fetch: async (_input, init) => {
      authorizations.push(new Headers(init?.headers).get('authorization'))
      if (authorizations.length > 1) return new Response('ok')
      return new Response(null, {
        status: 401,
        headers: { 'www-authenticate': 'Bearer error="invalid_token"' },
      })
    },
  })

  const session = auth.session(new Request('https://app.example.com/'))
  await session.startSession(await server.issue())
  const started = await session.commit(new Response())
  const cookie = cookieHeaderOf(started)
  const response = await auth.handle(new Request('https://app.example.com/', { headers: { cookie } }), () =>
    api('orders'),
  )

  expect(await response.text()).toBe('ok')
  expect(authorizations).toEqual([expect.stringMatching(/^Bearer at_/), expect.stringMatching(/^Bearer at_/)])
  expect(server.counts.refresh).toBe(1)
  expect(await auth.revokeRefreshToken()).toBe('revoked')
})

/** Runs core in a separate realm in which a global that is not on the list does not exist. */
async function loadCore(): Promise<typeof Core> {
  const bundle = await build({
    entryPoints: [join(coreSource, 'adapter.ts')],
    bundle: true,
    write: false,
    format: 'iife',
    globalName: 'core',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    conditions: ['import', 'default'],
  })
  const globals = Object.fromEntries(ALLOWED.map((name) => [name, Reflect.get(globalThis, name) as unknown]))
  const realm = vm.createContext(globals)
  vm.runInContext(bundle.outputFiles[0]?.text ?? '', realm)
  return vm.runInContext('core', realm) as typeof Core
}
