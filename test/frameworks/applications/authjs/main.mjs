// Auth.js signs users in with the real package, and Evertoken keeps the grants that it has received.
import { equal, ok } from 'node:assert/strict'
import { Auth, customFetch } from '@auth/core'
import Google from '@auth/core/providers/google'
import { createMemoryStore } from '@evertoken/core'
import { createConnections } from '@evertoken/node/connections'
import { createAuthorizationServer, createBrowser, createManualClock } from '@evertoken/testkit'

const APP = 'https://app.example.com'
const SECRET = 'a secret of thirty-two characters'
const scope = 'openid email profile'

/** Signs a user in, refreshes the token, and signs the user out. Resolves to the marks of the steps. */
export async function run() {
  const clock = createManualClock(Math.floor(Date.now() / 1000)) // Auth.js uses the clock of the system.
  const client = { id: 'app', secret: 'the secret of the client' }
  const server = createAuthorizationServer({
    issuer: 'https://accounts.google.com',
    clients: [client],
    clock,
    accessTokenSeconds: 300,
  })
  const connections = createConnections({
    encryptionSecret: SECRET,
    store: createMemoryStore({ clock }),
    providers: { google: { issuer: server.issuer, clientId: client.id, clientSecret: client.secret, scope } },
    fetch: server.fetch,
    clock,
  })
  const owners = []
  const config = {
    secret: SECRET,
    trustHost: true,
    basePath: '/auth',
    providers: [
      Google({
        clientId: client.id,
        clientSecret: client.secret,
        authorization: { params: { scope, access_type: 'offline', prompt: 'consent' } },
        [customFetch]: server.fetch,
      }),
    ],
    events: {
      async signIn({ user, account }) {
        owners.push(user.id)
        await connections.get(user.id, 'google').save(account)
      },
      signOut: ({ token }) => connections.get(token.sub, 'google').disconnect(),
    },
  }
  const app = (request) => Auth(request, config)
  const browser = createBrowser({ baseUrl: APP, authorizationServer: server })
  const { csrfToken } = await (await browser.fetch(app, '/auth/csrf')).json()
  const post = (path) =>
    browser.navigate(app, path, {
      method: 'POST',
      body: new URLSearchParams({ csrfToken, callbackUrl: `${APP}/` }),
      initiator: APP,
      redirect: 'manual',
    })

  const login = await post('/auth/signin/google')
  const callback = await server.fetch(login.headers.get('location'), { redirect: 'manual' })
  await browser.navigate(app, callback.headers.get('location'), { redirect: 'manual' })
  const google = connections.get(owners[0], 'google')
  equal((await google.getState()).state, 'active')
  const first = await google.getAccessToken()
  await clock.advance(301_000)
  const second = await google.getAccessToken()
  ok(first && second && first.value !== second.value)

  await post('/auth/signout')
  equal((await google.getState()).state, 'not_connected')
  equal(server.log.filter(({ kind }) => kind === 'revoke').length, 1)
  return ['signed-in', 'refreshed', 'signed-out']
}
