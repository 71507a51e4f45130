import { honoMiddleware } from '@evertoken/core/hono'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { setCookie } from 'hono/cookie'
import { secureHeaders } from 'hono/secure-headers'
import { timing } from 'hono/timing'
import { auth, orders } from './auth.mjs'

const app = new Hono()
// The responses are passed on as they are. Middleware before and after Evertoken adds headers to them.
app.use(secureHeaders(), honoMiddleware(auth), timing())
for (const path of ['orders', 'stream', 'gzip']) app.get(`/${path}`, () => orders(path))
app.post('/upload', (c) => orders('upload', { method: 'POST', body: c.req.raw.body, duplex: 'half' }))
app.post('/json', async (c) =>
  c.json({ ...(await (await orders('orders')).json()), ...(await c.req.json()) }),
)
app.get('/error', () => {
  throw new Error('of the application')
})
app.get('/cookies', async (c) => {
  setCookie(c, 'own', '1')
  return c.json(await (await orders('orders')).json())
})
app.onError((error, c) => c.json({ handled: error.message }, 500))

serve({ fetch: app.fetch, port: Number(process.env.PORT), hostname: 'localhost' })
