import { ACCESS_TOKEN, CLAIMS, REFRESH_TOKEN, SCOPE } from '../application.ts'

/** The part that is used of `@auth0/auth0-server-js`. */
export interface Auth0 {
  readonly ServerClient: new (options: object) => { getAccessToken(): Promise<{ accessToken: string }> }
  readonly StatelessStateStore: new (options: object, cookies: object) => Store
}

interface Store {
  set(identifier: string, state: object): Promise<void>
}

const IDENTIFIER = '__a0_session'

/** Its state in memory, without a cookie to find it by. */
export async function auth0InMemory(auth0: Auth0): Promise<() => Promise<string>> {
  const states = new Map<string, object>()
  const store = {
    get: async (identifier: string) => states.get(identifier),
    set: async (identifier: string, state: object) => void states.set(identifier, state),
    delete: async (identifier: string) => void states.delete(identifier),
  }
  return tokenOver(auth0, store)
}

/** Its state in an encrypted cookie. */
export async function auth0Stateless(auth0: Auth0): Promise<() => Promise<string>> {
  const cookies = new Map<string, string>()
  const handler = {
    setCookie: (name: string, value: string) => void cookies.set(name, value),
    getCookie: (name: string) => cookies.get(name),
    getCookies: () => Object.fromEntries(cookies),
    deleteCookie: (name: string) => void cookies.delete(name),
  }
  return tokenOver(auth0, new auth0.StatelessStateStore({ secret: 's'.repeat(40) }, handler))
}

async function tokenOver(auth0: Auth0, stateStore: Store): Promise<() => Promise<string>> {
  const now = Math.floor(Date.now() / 1000)
  await stateStore.set(IDENTIFIER, {
    user: CLAIMS,
    refreshToken: REFRESH_TOKEN,
    tokenSets: [{ audience: 'default', accessToken: ACCESS_TOKEN, scope: SCOPE, expiresAt: now + 3600 }],
    internal: { sid: CLAIMS.sid, createdAt: now },
  })
  const transactionStore = { get: async () => undefined, set: async () => {}, delete: async () => {} }
  const domain = 'login.example.com'
  const options = { domain, clientId: 'web', clientSecret: 'benchmark', stateStore, transactionStore }
  const client = new auth0.ServerClient(options)
  return async () => (await client.getAccessToken()).accessToken
}
