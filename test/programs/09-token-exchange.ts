// A gateway API: it is called with the user's token, and calls two APIs behind it, each with its own token (RFC 8693).
import { AsyncLocalStorage } from 'node:async_hooks'
import { createServer } from 'node:http'
import { clientCredentials, crossAppAccess, tokenExchange } from '@evertoken/core/grants'
import { createClientTokens, type SessionStore } from '@evertoken/node/client'

declare const redis: SessionStore
/** The application's own check of the token. */
declare function verify(authorization: string | undefined): Promise<string>

const caller = new AsyncLocalStorage<string>()
const gateway = createClientTokens({
  issuer: 'https://login.example.com',
  clientId: 'gateway',
  clientSecret: process.env['CLIENT_SECRET'],
  // The fleet shares the exchanged tokens, encrypted, under a hash of the subject token.
  store: redis,
  encryptionSecret: process.env['SESSION_SECRET'],
})
const subject = (): string | undefined => caller.getStore()

const stock = gateway.createTokenFetch({
  baseUrl: 'https://stock.example.com/',
  token: tokenExchange({ audience: 'stock', scope: 'stock:read', subject }), // impersonation
})
const prices = gateway.createTokenFetch({
  baseUrl: 'https://prices.example.com/',
  token: tokenExchange({ audience: 'prices', subject, actor: clientCredentials({ audience: 'gateway' }) }), // delegation
})

// Across two companies: the identity provider vouches for the user, and the partner's server issues the token (ID-JAG).
export const partner = crossAppAccess({
  at: {
    issuer: 'https://login.partner.example',
    clientId: 'gateway',
    clientSecret: process.env['PARTNER_SECRET'],
  },
  resource: 'https://api.partner.example/',
  scope: 'tickets:read',
})

async function respond(authorization: string | undefined): Promise<object> {
  const token = await verify(authorization)
  const [item, price] = await caller.run(token, () => Promise.all([stock('items/1'), prices('items/1')]))
  return { stock: await item.json(), price: await price.json() }
}

createServer((req, res) => {
  respond(req.headers.authorization).then(
    (body) => res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body)),
    () => res.writeHead(502).end(),
  )
}).listen(3000)
