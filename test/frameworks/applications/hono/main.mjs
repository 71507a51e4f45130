import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { secureHeaders } from 'hono/secure-headers'
import { timing } from 'hono/timing'
import { auth, orders } from './auth.mjs'

const app = new Hono()
app.use(secureHeaders(), timing())
// The responses are passed on as they are. The middleware adds headers to them.
for (const path of ['orders', 'stream', 'gzip']) app.get(`/${path}`, () => orders(path))
app.post('/upload', (c) => orders('upload', { method: 'POST', body: c.req.raw.body, duplex: 'half' }))
app.post('/json', async (c) =>
  c.json({ ...(await (await orders('orders')).json()), ...(await c.req.json()) }),
)
app.get('/error', () => {
  throw new Error('of the application')
})
app.get('/arguments', (c) => c.json({ hasEnv: c.env.incoming !== undefined }))
app.onError((error, c) => c.json({ handled: error.message }, 500))

serve({ fetch: auth.handler(app.fetch), port: Number(process.env.PORT), hostname: 'localhost' })
