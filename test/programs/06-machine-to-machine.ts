// A service without users: client credentials. It has no session and no cookie.
import { createClientTokens } from '@evertoken/node/client'

export const { createTokenFetch, getClientAccessToken, drain } = createClientTokens({
  issuer: 'https://login.example.com',
  clientId: 'billing-service',
  clientSecret: process.env['CLIENT_SECRET'],
  scope: 'ledger:write',
})

const ledger = createTokenFetch({ baseUrl: 'https://ledger.example.com/v1/' })
await ledger('entries', { method: 'POST', body: JSON.stringify({ amount: 12 }) })

// For a client without a `fetch`, such as gRPC. The token is never `undefined`, because no user must sign in.
const { authorization } = await (await getClientAccessToken()).headersFor('https://ledger.example.com/')
await ledger('audit', { headers: { 'x-length': `${authorization.length}` } })
await drain()
