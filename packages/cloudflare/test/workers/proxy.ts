import { env as globalEnv } from 'cloudflare:workers'
import {
  createDurableObjectStore,
  evertoken,
  relay,
  type SessionsNamespace,
  type TokenFetch,
} from '../../src/index.ts'

export { EvertokenSessions } from '../../src/index.ts'

interface Env {
  readonly ISSUER: string
  readonly SESSION_SECRET: string
  readonly SESSIONS: SessionsNamespace
  readonly API: { readonly fetch: TokenFetch }
}

const auth = evertoken((env: Env) => ({
  issuer: env.ISSUER,
  clientId: 'web',
  clientSecret: 'web-secret-for-tests-only',
  encryptionSecret: env.SESSION_SECRET,
  store: createDurableObjectStore(env.SESSIONS),
}))

const target = 'https://api.example.com/v1/'
const fetch: TokenFetch = (input, init) => (globalEnv as Env).API.fetch(input, init)
const proxy = auth.createTokenProxy({
  '/api/*': { target, token: 'user', fetch },
  // Requires a separate token, so that the first response sets a cookie.
  '/sockets/*': { target, token: 'user', audience: 'sockets', fetch, webSocket: true },
})

const api = auth.createTokenFetch({ baseUrl: target, fetch })

async function gzip(text: string): Promise<ArrayBuffer> {
  const { readable, writable } = new CompressionStream('gzip')
  const writer = writable.getWriter()
  void writer.write(new TextEncoder().encode(text)).then(() => writer.close())
  return new Response(readable).arrayBuffer()
}

const pages: Readonly<Record<string, () => Promise<Response>>> = {
  '/relay': async () => relay(await api('orders')),
  '/as-it-is': () => api('orders'),
  '/copy': async () => {
    const response = await api('orders')
    return new Response(response.body, response)
  },
  // Requires a separate token, so that the response sets a cookie.
  '/manual': async () => {
    await auth.getUserAccessToken({ parameters: { audience: 'manual' } })
    const init = { encodeBody: 'manual', headers: { 'content-encoding': 'gzip' } }
    return new Response(await gzip('compressed once'), init)
  },
}

export default {
  fetch: auth.handler(async (request) => {
    const page = pages[new URL(request.url).pathname]
    return (await proxy(request)) ?? (await page?.()) ?? new Response('not found', { status: 404 })
  }),
}
