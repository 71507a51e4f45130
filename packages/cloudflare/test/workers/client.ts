import { clientCredentials } from '@evertoken/core/grants'
import {
  type ClientTokenAccess,
  createDurableObjectStore,
  evertoken,
  EvertokenError,
  type SessionsNamespace,
  type TokenFetch,
  type WorkerContext,
} from '../../src/index.ts'

import { createClientTokens } from '../../src/client.ts'

export { EvertokenSessions } from '../../src/index.ts'

interface Env {
  readonly ISSUER: string
  readonly SESSION_SECRET: string
  readonly SESSIONS: SessionsNamespace
  readonly API: { readonly fetch: TokenFetch }
}

const clientOf = (env: Env) => ({
  issuer: env.ISSUER,
  clientId: 'web',
  clientSecret: 'web-secret-for-tests-only',
})

const auth = evertoken((env: Env) => ({
  ...clientOf(env),
  encryptionSecret: env.SESSION_SECRET,
  store: createDurableObjectStore(env.SESSIONS),
  client: clientCredentials(),
}))

const service = createClientTokens((env: Env) => ({ ...clientOf(env), scope: 'ledger:write' }))

interface Tokens extends ClientTokenAccess {
  createTokenFetch(options: { baseUrl: string; fetch: TokenFetch; token: 'client' }): TokenFetch
}

/** Does the work of a schedule, which has no request: one token, and one call with it. */
async function work({ getClientAccessToken, createTokenFetch }: Tokens, env: Env): Promise<Response> {
  const call = createTokenFetch({
    baseUrl: 'https://api.example.com/',
    token: 'client',
    fetch: (input, init) => env.API.fetch(input, init),
  })
  const { value } = await getClientAccessToken()
  await (await call('orders')).text()
  return new Response(value)
}

const jobs: Record<string, (env: Env, ctx: WorkerContext) => Promise<Response>> = {
  '/bound': (env, ctx) => work(auth.bind(env, ctx), env),
  '/service': (env, ctx) => work(service.bind(env, ctx), env),
  '/service-without-ctx': (env) => work(service.bind(env, undefined as never), env),
  '/unbound': (env) => work(auth, env),
  '/names': async (env, ctx) => Response.json(Object.keys(auth.bind(env, ctx))),
}

export default {
  async fetch(request: Request, env: Env, ctx: WorkerContext): Promise<Response> {
    try {
      return (await jobs[new URL(request.url).pathname]?.(env, ctx)) ?? new Response()
    } catch (error) {
      if (!(error instanceof EvertokenError)) throw error
      const { name, code, message } = error
      return Response.json({ name, code, message }, { status: 500 })
    }
  },
}
