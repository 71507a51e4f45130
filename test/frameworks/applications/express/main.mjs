// Express 5 passes rejections to its error handling.
// oxlint-disable oxc/no-async-endpoint-handlers
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import compression from 'compression'
import express from 'express'
import { relay } from '@evertoken/node'
import { expressMiddleware } from '@evertoken/node/express'
import multer from 'multer'
import { auth, orders } from './auth.mjs'

const app = express()
app.use(expressMiddleware(auth))
app.use(compression({ threshold: 0, filter: (req) => req.path === '/compressed' }))

app.get(['/orders', '/compressed'], async (_req, res) => res.json(await (await orders('orders')).json()))
app.get(['/stream', '/gzip'], async (req, res) => {
  const response = relay(await orders(req.path.slice(1)))
  res.status(response.status).setHeaders(response.headers)
  await pipeline(Readable.fromWeb(response.body), res)
})
app.post('/upload', async (req, res) => {
  const response = await orders('upload', { method: 'POST', body: Readable.toWeb(req), duplex: 'half' })
  res.json(await response.json())
})
app.post('/json', express.json(), async (req, res) => {
  res.json({ ...(await (await orders('orders')).json()), ...req.body })
})
app.post('/form', multer().single('file'), async (req, res) => {
  res.json({ ...(await (await orders('orders')).json()), bytes: req.file.size })
})
app.get('/error', () => Promise.reject(new Error('of the application')))
app.use((error, _req, res, _next) => res.status(500).json({ handled: error.message }))
app.listen(Number(process.env.PORT), 'localhost')
