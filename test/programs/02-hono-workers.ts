// Hono on Workers: sessions in Durable Objects, an API and a proxy that are called as the user, and a queue.
import { Hono } from 'hono'
import {
  createDurableObjectStore,
  evertoken,
  type SessionsNamespace,
  type WorkerContext,
} from '@evertoken/cloudflare'

export { EvertokenSessions } from '@evertoken/cloudflare'

interface Env {
  readonly CLIENT_SECRET: string
  readonly SESSION_SECRET: string
  readonly SESSIONS: SessionsNamespace
}

const auth = evertoken((env: Env) => ({
  issuer: 'https://login.example.com',
  clientId: 'web',
  clientSecret: env.CLIENT_SECRET,
  encryptionSecret: env.SESSION_SECRET,
  session: 'server',
  store: createDurableObjectStore(env.SESSIONS),
}))
const orders = auth.createTokenFetch({ baseUrl: 'https://api.example.com/orders/' })
const proxy = auth.createTokenProxy({
  '/api/catalog/*': { target: 'https://api.example.com/catalog/', token: 'user-or-none' },
  '/api/orders/*': { target: 'https://api.example.com/orders/', token: 'user' },
})

const app = new Hono()
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
  fetch: auth.handler(app.fetch),
  async queue(batch: { readonly messages: readonly { readonly body: Job }[] }, env: Env, ctx: WorkerContext) {
    const { sessionById } = auth.bind(env, ctx)
    for (const { body } of batch.messages) {
      const session = sessionById(body.sessionId)
      await session.createTokenFetch({ baseUrl: 'https://api.example.com/orders/', throwTokenErrors: true })(
        'nightly',
      )
    }
  },
}
