import { randomUUID } from 'node:crypto'
import { OAuth2Server } from 'oauth2-mock-server'

const { port, url, lifetimeSeconds } = JSON.parse(process.argv[2])

const server = new OAuth2Server()
await server.issuer.keys.generate('RS256')
const issued = new Set()
let isRevoked = false
// Otherwise, two tokens of the same second are equal.
server.service.on('beforeTokenSigning', (token) => {
  token.payload.jti = randomUUID()
})
// By default, this server accepts every token.
server.service.on('beforeResponse', (response, { body: { grant_type: grantType } }) => {
  if (grantType === 'authorization_code') isRevoked = false
  if (isRevoked) Object.assign(response, { statusCode: 400, body: { error: 'invalid_grant' } })
  else response.body.expires_in = lifetimeSeconds
  issued.add(`Bearer ${response.body.access_token}`)
})
server.service.on('beforeRevoke', () => {
  isRevoked = true
})
server.service.on('beforeUserinfo', (response, { headers }) => {
  if (!issued.has(headers.authorization)) response.statusCode = 401
})
await server.start(port, '127.0.0.1')
server.issuer.url = url
console.log('ready')
