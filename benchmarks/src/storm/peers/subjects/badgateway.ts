import { loadPeer } from '../../../peers/install.ts'
import { type CreateSubject, ORIGIN } from '../subject.ts'

interface Badgateway {
  readonly OAuth2Client: new (settings: object) => object
  readonly OAuth2Fetch: new (options: object) => { getAccessToken(): Promise<string> }
}

/** Its tokens in a store; an instance for each process, or for each request. */
export function badgatewayWith(instances: 'per process' | 'per request'): CreateSubject {
  return async ({ issuer, clientId, clientSecret, redis, key }) => {
    const { OAuth2Client, OAuth2Fetch } = (await loadPeer('badgateway')) as Badgateway
    const tokenEndpoint = `${issuer}/token`
    const client = new OAuth2Client({ server: issuer, clientId, clientSecret, tokenEndpoint })
    const create = () =>
      new OAuth2Fetch({
        client,
        scheduleRefresh: false,
        getStoredToken: async () => JSON.parse((await redis.get(key)) ?? 'null'),
        storeToken: (token: object) => redis.set(key, JSON.stringify(token)),
        getNewToken: () => Promise.reject(new Error(`Sign in at ${ORIGIN}`)),
      })
    let shared: ReturnType<typeof create> | undefined
    return {
      async signIn({ access_token: accessToken, refresh_token: refreshToken, expires_in }) {
        const token = { accessToken, refreshToken, expiresAt: Date.now() + expires_in * 1000 }
        await redis.set(key, JSON.stringify(token))
        return []
      },
      async call() {
        const instance = instances === 'per request' ? create() : (shared ??= create())
        return { ok: (await instance.getAccessToken()) !== '' }
      },
    }
  }
}
