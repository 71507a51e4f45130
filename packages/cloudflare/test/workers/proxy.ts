import { env as globalEnv } from 'cloudflare:workers'
import {
  createDurableObjectStore,
  evertoken,
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
  secret: env.SESSION_SECRET,
  store: createDurableObjectStore(env.SESSIONS),
}))

const target = 'https://api.example.com/v1/'
const fetch: TokenFetch = (input, init) => (globalEnv as Env).API.fetch(input, init)
const proxy = auth.createTokenProxy({
  '/api/*': { target, token: 'user', fetch },
  // A token of its own, so that the first answer has a cookie to bring.
  '/sockets/*': { target, token: 'user', scope: 'openid', fetch, webSocket: true },
})

export default {
  fetch: auth.handler(
    async (request) => (await proxy(request)) ?? new Response('not found', { status: 404 }),
  ),
}
