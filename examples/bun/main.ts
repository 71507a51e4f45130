import { evertoken, relay } from '@evertoken/node'

const { ISSUER, CLIENT_ID, CLIENT_SECRET, SESSION_SECRET, API_URL, PORT } = process.env

const auth = evertoken({
  issuer: ISSUER ?? '',
  clientId: CLIENT_ID ?? '',
  clientSecret: CLIENT_SECRET,
  encryptionSecret: SESSION_SECRET,
  resource: API_URL ?? '',
  scope: 'openid offline_access orders:read',
  authorizationParameters: { prompt: 'consent' },
})

// Made once, used for every user: whose token a call carries is found when it is made.
const orders = auth.createTokenFetch({ baseUrl: `${API_URL}/orders/` })

const server = Bun.serve({
  hostname: '127.0.0.1',
  port: Number(PORT ?? 3000),
  // Longer than a refresh may take: Bun's own 10 seconds would cut off a request before its token arrives.
  idleTimeout: 30,
  fetch: auth.handler(async (request) => {
    switch (new URL(request.url).pathname) {
      case '/':
        return home()
      case '/orders':
        return relay(await orders('recent'))
      default:
        return new Response('Not found', { status: 404 })
    }
  }),
})
console.log(`Listening on ${server.url}`)

// Without it, a refresh in progress is lost when the process ends.
async function stop(): Promise<void> {
  const closed = server.stop()
  await auth.drain({ timeoutSeconds: 20 })
  await closed
  process.exit()
}
process.once('SIGTERM', () => void stop())

async function home(): Promise<Response> {
  const signedIn = (await auth.getUser()) !== undefined
  const html = signedIn
    ? '<p><a href="/orders">Your orders</a><form method="post" action="/auth/logout"><button>Sign out</button></form>'
    : '<p><a href="/auth/login">Sign in</a>'
  return new Response(`<!doctype html><title>Orders</title>${html}`, {
    headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' },
  })
}
