// A backend for frontend in Express 5: sign-in routes, and an API that is called as the user in a classic handler.
import express from 'express'
import { createRedisStore } from '@evertoken/core/redis'
import { evertoken } from '@evertoken/node'
import { expressMiddleware } from '@evertoken/node/express'

declare const redis: Parameters<typeof createRedisStore>[0]['client']

export const auth = evertoken({
  issuer: 'https://login.example.com',
  clientId: 'web',
  clientSecret: process.env['CLIENT_SECRET'],
  encryptionSecret: process.env['SESSION_SECRET'],
  baseUrl: 'https://app.example.com',
  session: 'server',
  store: createRedisStore({ client: redis }),
})
const orders = auth.createTokenFetch({ baseUrl: 'https://api.example.com/orders/' })

const app = express()
app.use(expressMiddleware(auth)) // before the body parsers, because the logout and callback routes read bodies
app.use(express.json())
app.get('/recent', async (_req, res) => {
  const response = await orders('recent') // uses the session of the request
  res.status(response.status).json(await response.json())
})
app.post('/orders', async (req, res) => {
  const response = await orders('', { method: 'POST', body: JSON.stringify(req.body) })
  if (response.status === 401) res.redirect(303, '/auth/login?returnTo=/orders')
  else res.status(response.status).end()
})
const server = app.listen(3000)

process.once('SIGTERM', () => {
  server.close()
  void auth.drain({ timeoutSeconds: 20 }) // a refresh in progress is stored before the process ends
})
