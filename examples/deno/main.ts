import { createDenoKvStore, evertoken, relay } from '@evertoken/deno'

const env = (name: string) => Deno.env.get(name) ?? ''

// One file for all processes on this machine: sessions outlive a restart, and a token is refreshed by one of them.
const kv = await Deno.openKv('sessions.kv')

const auth = evertoken({
  issuer: env('ISSUER'),
  clientId: env('CLIENT_ID'),
  clientSecret: env('CLIENT_SECRET'),
  encryptionSecret: env('SESSION_SECRET'),
  resource: env('API_URL'),
  scope: 'openid offline_access orders:read',
  authorizationParameters: { prompt: 'consent' },
  session: 'server',
  store: createDenoKvStore(kv),
})

// Made once, used for every user: whose token a call carries is found when it is made.
const orders = auth.createTokenFetch({ baseUrl: `${env('API_URL')}/orders/` })

const server = Deno.serve(
  { hostname: '127.0.0.1', port: Number(env('PORT') || 3000) },
  auth.handler(async (request) => {
    switch (new URL(request.url).pathname) {
      case '/':
        return home()
      case '/orders':
        return relay(await orders('recent'))
      default:
        return new Response('Not found', { status: 404 })
    }
  }),
)

// Without it, a refresh in progress is lost when the process ends.
async function stop(): Promise<void> {
  const closed = server.shutdown()
  await auth.drain({ timeoutSeconds: 20 })
  await closed
  Deno.exit()
}
Deno.addSignalListener('SIGTERM', () => void stop())

async function home(): Promise<Response> {
  const signedIn = (await auth.getUser()) !== undefined
  const html = signedIn
    ? '<p><a href="/orders">Your orders</a><form method="post" action="/auth/logout"><button>Sign out</button></form>'
    : '<p><a href="/auth/login">Sign in</a>'
  return new Response(`<!doctype html><title>Orders</title>${html}`, {
    headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' },
  })
}
