import { loadPeer } from '../../../peers/install.ts'
import { type CreateSubject, expiryOf } from '../subject.ts'

interface Logto {
  readonly createRequester: (fetch: (input: string, init?: RequestInit) => Promise<Response>) => unknown
  readonly LogtoClient: new (
    settings: object,
    adapter: object,
  ) => { getAccessToken(resource: string): Promise<string> }
}

/** One client for the user, its storage in memory. */
export const logto: CreateSubject = async ({ issuer, clientId }) => {
  const { createRequester, LogtoClient } = (await loadPeer('logto')) as Logto
  const items = new Map<string, string>()
  const storage = {
    getItem: async (key: string) => items.get(key) ?? null,
    setItem: async (key: string, value: string) => void items.set(key, value),
    removeItem: async (key: string) => void items.delete(key),
  }
  const unused = () => Promise.reject(new Error('This benchmark has no sign-in'))
  const requester = createRequester((input, init) =>
    fetch(input.replace('/oidc/.well-known/', '/.well-known/'), init),
  )
  const adapter = { requester, storage, navigate: unused, generateState: unused }
  let client: InstanceType<Logto['LogtoClient']> | undefined
  return {
    async signIn(tokens) {
      const { access_token: token, refresh_token, id_token, scope } = tokens
      items.set('refreshToken', refresh_token)
      items.set('idToken', id_token ?? '')
      items.set('accessToken', JSON.stringify({ '@': { token, scope, expiresAt: expiryOf(tokens) } }))
      client = new LogtoClient({ endpoint: issuer, appId: clientId }, adapter)
      return []
    },
    call: async (_cookie, resource) => ({ ok: (await client?.getAccessToken(resource)) !== undefined }),
  }
}
