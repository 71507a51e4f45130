import Fastify from 'fastify'
import { relay } from '@evertoken/node'
import { fastifyPlugin } from '@evertoken/node/fastify'
import { auth, orders } from './auth.mjs'

const app = Fastify({ bodyLimit: 10_000_000 })
app.register(fastifyPlugin(auth))

app.get('/orders', async () => (await orders('orders')).json())
for (const path of ['stream', 'gzip']) app.get(`/${path}`, async () => relay(await orders(path)))
// A response that is not relayed is passed on as well. Fastify does not decode it.
app.get('/raw', async (_request, reply) => reply.send(await orders('gzip')))
app.post('/json', async ({ body }) => ({ ...(await (await orders('orders')).json()), ...body }))
app.get('/error', () => Promise.reject(new Error('of the application')))
app.setErrorHandler((error, _request, reply) => reply.code(500).send({ handled: error.message }))

app.register(async (uploads) => {
  // Leaves the body as a stream.
  uploads.removeAllContentTypeParsers()
  uploads.addContentTypeParser('*', (_request, payload, done) => done(null, payload))
  uploads.post('/upload', async ({ body }) => {
    const response = await orders('upload', { method: 'POST', body, duplex: 'half' })
    return response.json()
  })
})
await app.listen({ port: Number(process.env.PORT), host: 'localhost' })
