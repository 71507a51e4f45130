import { loadPeer } from '../../../peers/install.ts'
import { httpsFetch } from '../https-fetch.ts'
import { type CreateSubject, expiryOf, USER } from '../subject.ts'

interface Auth0 {
  readonly ServerClient: new (options: object) => { getAccessToken(): Promise<{ accessToken: string }> }
}

/** Its state in a custom store: three methods, as its documentation asks for. */
export const auth0: CreateSubject = async ({ issuer, clientId, clientSecret, redis, key }) => {
  const { ServerClient } = (await loadPeer('auth0')) as Auth0
  const stateStore = {
    get: async () => JSON.parse((await redis.get(key)) ?? 'null') ?? undefined,
    set: (_name: string, state: object) => redis.set(key, JSON.stringify(state)),
    delete: () => redis.del(key),
  }
  const client = new ServerClient({
    domain: new URL(issuer).host,
    clientId,
    clientSecret,
    customFetch: httpsFetch,
    stateStore,
    transactionStore: { get: async () => undefined, set: async () => {}, delete: async () => {} },
  })
  return {
    async signIn(tokens) {
      const { access_token: accessToken, refresh_token: refreshToken, scope } = tokens
      await stateStore.set('', {
        user: { sub: USER },
        refreshToken,
        tokenSets: [{ audience: 'default', accessToken, scope, expiresAt: expiryOf(tokens) }],
        internal: { sid: 'session-1', createdAt: Math.floor(Date.now() / 1000) },
      })
      return []
    },
    call: async () => ({ ok: (await client.getAccessToken()).accessToken !== '' }),
  }
}
