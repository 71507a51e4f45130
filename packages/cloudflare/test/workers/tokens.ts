import { createDurableObjectStore, evertoken, type SessionsNamespace } from '../../src/tokens.ts'

export { EvertokenSessions } from '../../src/tokens.ts'

interface Env {
  readonly ISSUER: string
  readonly SESSION_SECRET: string
  readonly SESSIONS: SessionsNamespace
}

const auth = evertoken((env: Env) => ({
  issuer: env.ISSUER,
  clientId: 'web',
  clientSecret: 'web-secret-for-tests-only',
  encryptionSecret: env.SESSION_SECRET,
  store: createDurableObjectStore(env.SESSIONS),
}))

export default {
  fetch: auth.handler(async (request, _env: Env, _ctx) => {
    if (request.method === 'POST') {
      await auth.startSession(await request.json())
      return new Response()
    }
    const rejected = new URL(request.url).searchParams.get('rejected')
    const token = await auth.getUserAccessToken(rejected === null ? {} : { rejected })
    return new Response(token?.value ?? 'nobody', { status: token ? 200 : 401 })
  }),
}
