import { setTimeout as sleep } from 'node:timers/promises'
import { loadPeer } from '../../../peers/install.ts'
import { refreshGrant } from '../refresh-grant.ts'
import { type CreateSubject, expiryOf, type Place, type SignedIn, USER } from '../subject.ts'

interface Atproto {
  readonly OAuthResponseError: new (response: Response, payload: unknown) => Error
  readonly Runtime: new (implementation: object) => object
  readonly SessionGetter: new (
    store: object,
    servers: object,
    runtime: object,
  ) => { getSession(sub: string): Promise<{ readonly tokenSet: { readonly access_token: string } }> }
}

/** Only its refresh engine: the rest of the client speaks to servers of the AT Protocol only. */
export function atprotoWith(lock: 'lock' | 'no lock'): CreateSubject {
  return async (place) => {
    const { OAuthResponseError, Runtime, SessionGetter } = (await loadPeer('atproto')) as Atproto
    const { redis, key } = place
    const store = {
      get: async () => JSON.parse((await redis.get(key)) ?? 'null') ?? undefined,
      set: (_sub: string, session: object) => redis.set(key, JSON.stringify(session)),
      del: () => redis.del(key),
    }
    const server = {
      authMethod: { method: 'none' },
      async refresh({ refresh_token }: { refresh_token: string }) {
        const response = await refreshGrant(place, refresh_token)
        const payload: unknown = await response.json()
        if (!response.ok) throw new OAuthResponseError(response, payload)
        return tokenSetOf(place, payload as SignedIn)
      },
    }
    const runtime = new Runtime(lock === 'lock' ? { requestLock: lockIn(place) } : {})
    const sessions = new SessionGetter(store, { fromIssuer: async () => server }, runtime)
    return {
      async signIn(tokens) {
        const { authMethod } = server
        await store.set(USER, { dpopKey: {}, authMethod, tokenSet: tokenSetOf(place, tokens) })
        return []
      },
      call: async () => ({ ok: (await sessions.getSession(USER)).tokenSet.access_token !== '' }),
    }
  }
}

function tokenSetOf({ issuer }: Place, tokens: SignedIn) {
  const { access_token, refresh_token, scope } = tokens
  const expires_at = new Date(expiryOf(tokens) * 1000).toISOString()
  const known = { iss: issuer, sub: USER, aud: issuer, token_type: 'DPoP' }
  return { ...known, access_token, refresh_token, scope, expires_at }
}

/** The setup that its documentation requires for several processes. */
function lockIn({ redis, key }: Place) {
  return async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const lock = `${key} ${name}`
    while ((await redis.set(lock, '1', { NX: true, PX: 30_000 })) === null) await sleep(10)
    try {
      return await work()
    } finally {
      await redis.del(lock)
    }
  }
}
