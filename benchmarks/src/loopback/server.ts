// One process with a resource server and an authorization server, so that their work is not part of a measurement.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ACCESS_TOKEN, REFRESH_TOKEN, SCOPE } from '../application.ts'

/** How long a token request takes, in milliseconds. */
const TOKEN_REQUEST_MS = 100
const ORDERS = JSON.stringify({
  orders: Array.from({ length: 5 }, (_, i) => ({ id: i, title: 'A book', cents: 1999 })),
})

const server = createServer((request, response) => {
  const issuer = `http://${request.headers.host}`
  const respond = (body: string) => response.setHeader('content-type', 'application/json').end(body)
  if (request.url === '/token') setTimeout(() => respond(newTokens()), TOKEN_REQUEST_MS)
  else if (request.url?.startsWith('/.well-known/'))
    respond(
      JSON.stringify({
        issuer,
        authorization_endpoint: `${issuer}/authorize`,
        token_endpoint: `${issuer}/token`,
        jwks_uri: `${issuer}/jwks`,
        response_types_supported: ['code'],
      }),
    )
  // It verifies nothing, because its work is not measured.
  else if (/^(?:Bearer|DPoP) /.test(request.headers.authorization ?? '')) respond(ORDERS)
  else response.writeHead(401).end()
})

let requests = 0
function newTokens(): string {
  requests++
  return JSON.stringify({
    access_token: ACCESS_TOKEN,
    token_type: 'Bearer',
    expires_in: 3600,
    refresh_token: `${REFRESH_TOKEN}${requests}`,
    scope: SCOPE,
  })
}

// A connection that the server closes between two samples would fail a call.
server.keepAliveTimeout = 0
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))
process.on('disconnect', () => process.exit())
