/**
 * Runs an authorization server and an orders API for the quick starts, and prints the variables that they read:
 * `node scripts/run-server.mjs`. The packages must be built. `APP_URL` is the URL of the application. `PORT` is the port
 * of the authorization server, and the API has the next one.
 */
import { randomBytes } from 'node:crypto'
import { createAuthorizationServer, createResourceServer } from '../packages/testkit/dist/index.js'

/** Constant, because it protects nothing: the servers listen on loopback and sign everyone in. */
const CLIENT = { id: 'web', secret: 'web-secret-for-tests-only' }
const ORDERS = [
  { id: 'A-1042', item: 'Pocket sextant' },
  { id: 'A-1038', item: 'Brass telescope' },
]
const { APP_URL = 'http://localhost:3000', PORT = '4000' } = process.env
const port = Number(PORT)

const authorizationServer = createAuthorizationServer({
  clients: [
    {
      ...CLIENT,
      redirectUris: [`${APP_URL}/auth/callback`],
      postLogoutRedirectUris: [`${APP_URL}/`],
    },
  ],
  user: { sub: 'ada', claims: { name: 'Ada Lovelace' } },
  accessTokenSeconds: 60,
  keepLog: false,
})
const api = createResourceServer({
  authorizationServer,
  keepLog: false,
  respond: ({ url }) =>
    new URL(url).pathname === '/orders/recent'
      ? Response.json(ORDERS)
      : Response.json({ error: 'not_found' }, { status: 404 }),
})
// With port 0, each server takes a free one.
const servers = [await authorizationServer.listen(port), await api.listen(port && port + 1)]

console.log(`The authorization server and the orders API are running. Set these variables for your application:

export ISSUER=${authorizationServer.issuer}
export CLIENT_SECRET=${CLIENT.secret}
export SESSION_SECRET=${randomBytes(32).toString('base64url')}
export ORDERS_URL=${api.url}/orders/

The client is ${CLIENT.id}, with the redirect URI ${APP_URL}/auth/callback
and the post-logout redirect URI ${APP_URL}/. Everyone is signed in as Ada Lovelace.
Press Ctrl+C to stop.`)

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, stop)

function stop() {
  for (const { close } of servers) void close()
}
