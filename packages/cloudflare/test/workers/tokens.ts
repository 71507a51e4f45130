import { check } from '@evertoken/core/check'
import {
  type AccessToken,
  createDurableObjectStore,
  evertoken,
  type SessionsNamespace,
} from '../../src/tokens.ts'

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

/** The token of the sign-in, which the API rejects. */
let first: AccessToken | undefined

export default {
  fetch: auth.handler(async (request, env: Env, ctx) => {
    if (request.url.endsWith('/check')) return Response.json(await check(auth.bind(env, ctx)))
    if (request.method === 'POST') {
      await auth.startSession(await request.json())
      first = await auth.getUserAccessToken()
      return new Response()
    }
    const token = await auth.getUserAccessToken({ rejectedToken: first })
    return new Response(token?.value ?? 'nobody', { status: token ? 200 : 401 })
  }),
}
