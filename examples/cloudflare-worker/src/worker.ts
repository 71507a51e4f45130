import { env } from 'cloudflare:workers'
import { createDurableObjectStore, evertoken, relay } from '@evertoken/cloudflare'

// The Durable Object that keeps a session; wrangler.json binds it as SESSIONS.
export { EvertokenSessions } from '@evertoken/cloudflare'

const auth = evertoken({
  issuer: env.ISSUER,
  clientId: env.CLIENT_ID,
  clientSecret: env.CLIENT_SECRET,
  encryptionSecret: env.SESSION_SECRET,
  resource: env.API_URL,
  scope: 'openid offline_access orders:read',
  authorizationParameters: { prompt: 'consent' },
  session: 'server',
  store: createDurableObjectStore(env.SESSIONS),
})

// Made once, used for every user: whose token a call carries is found when it is made.
const orders = auth.createTokenFetch({ baseUrl: `${env.API_URL}/orders/` })

export default {
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
}

async function home(): Promise<Response> {
  const signedIn = (await auth.getUser()) !== undefined
  const html = signedIn
    ? '<p><a href="/orders">Your orders</a><form method="post" action="/auth/logout"><button>Sign out</button></form>'
    : '<p><a href="/auth/login">Sign in</a>'
  return new Response(`<!doctype html><title>Orders</title>${html}`, {
    headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' },
  })
}
