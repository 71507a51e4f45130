// Hono on Workers: sessions in Durable Objects, an API and a proxy that are called as the user or as the application, and a
// queue.
import { env } from 'cloudflare:workers'
import { Hono } from 'hono'
import { createDurableObjectStore, evertoken, type WorkerContext } from '@evertoken/cloudflare'
import { clientCredentials } from '@evertoken/core/grants'
import { honoMiddleware } from '@evertoken/core/hono'

export { EvertokenSessions } from '@evertoken/cloudflare'

const auth = evertoken({
  issuer: 'https://login.example.com',
  clientId: 'web',
  clientSecret: env.CLIENT_SECRET,
  encryptionSecret: env.SESSION_SECRET,
  session: 'server',
  store: createDurableObjectStore(env.SESSIONS),
  client: clientCredentials({ scope: 'catalog:read' }),
})
const orders = auth.createTokenFetch({ baseUrl: 'https://api.example.com/orders/' })
const catalog = auth.createTokenFetch({
  baseUrl: 'https://api.example.com/catalog/',
  token: 'user-or-client',
})
const proxy = auth.createTokenProxy({
  '/api/catalog/*': { target: 'https://api.example.com/catalog/', token: 'user-or-client' },
  '/api/orders/*': { target: 'https://api.example.com/orders/', token: 'user' },
})

const app = new Hono()
app.use(honoMiddleware(auth))
app.get('/catalog', () => catalog('')) // signed in or not
app.get('/recent', () => orders('recent'))
app.all('/api/*', async (c) => (await proxy(c.req.raw)) ?? c.notFound())
app.get('/me', async (c) => {
  const user = await auth.getUser()
  return user ? c.json(user) : c.redirect('/auth/login?returnTo=/me')
})

interface Job {
  readonly sessionId: string
}

export default {
  fetch: app.fetch,
  async queue(
    batch: { readonly messages: readonly { readonly body: Job }[] },
    bindings: typeof env,
    ctx: WorkerContext,
  ) {
    const { sessionById } = auth.bind(bindings, ctx)
    for (const { body } of batch.messages) {
      const session = sessionById(body.sessionId)
      await session.createTokenFetch({ baseUrl: 'https://api.example.com/orders/', throwTokenErrors: true })(
        'nightly',
      )
    }
  },
}
