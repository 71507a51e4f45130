import { createRedisStore } from '@evertoken/core/redis'
import { evertoken } from '@evertoken/node'
import { type CreateSubject, ORIGIN, USER } from '../subject.ts'

/** Ours, with the options that an application has to set. */
export function evertokenWith(session: 'cookie' | 'server'): CreateSubject {
  return async ({ issuer, clientId, clientSecret, redis }) => {
    const auth = evertoken({
      issuer,
      clientId,
      clientSecret,
      encryptionSecret: 'a secret of thirty-two characters',
      baseUrl: ORIGIN,
      session,
      store: createRedisStore({ client: redis }),
    })
    return {
      async signIn(tokens) {
        const user = auth.session(new Request(ORIGIN))
        await user.startSession(tokens, { claims: { sub: USER } })
        return (await user.commit(new Response())).headers.getSetCookie()
      },
      async call(cookie, resource) {
        const request = new Request(ORIGIN, { headers: { cookie } })
        const response = await auth.handle(request, async () => {
          const token = await auth.getUserAccessToken(resource === '' ? undefined : { resource })
          return new Response(undefined, { status: token ? 200 : 401 })
        })
        return { ok: response.ok, setCookie: response.headers.getSetCookie() }
      },
    }
  }
}
