import { createServer } from 'node:http'
import OAuth2Server from '@node-oauth/oauth2-server'
import { signInPage } from './sign-in-page.mjs'

const { port, appUrl, client, user, lifetimeSeconds } = JSON.parse(process.argv[2])

const registered = {
  id: client.id,
  grants: ['authorization_code', 'refresh_token'],
  redirectUris: [`${appUrl}/auth/callback`],
}
const [codes, accessTokens, refreshTokens] = [new Map(), new Map(), new Map()]
const model = {
  getClient: (id, secret) => id === client.id && (!secret || secret === client.secret) && registered,
  validateScope: (_user, _client, scope) => scope,
  saveAuthorizationCode(code, owner, account) {
    const saved = { ...code, client: owner, user: account }
    codes.set(code.authorizationCode, saved)
    return saved
  },
  getAuthorizationCode: (code) => codes.get(code),
  revokeAuthorizationCode: ({ authorizationCode }) => codes.delete(authorizationCode),
  saveToken(token, owner, account) {
    const saved = { ...token, client: owner, user: account }
    accessTokens.set(token.accessToken, saved)
    refreshTokens.set(token.refreshToken, saved)
    return saved
  },
  getAccessToken: (token) => accessTokens.get(token),
  getRefreshToken: (token) => refreshTokens.get(token),
  revokeToken: ({ refreshToken }) => refreshTokens.delete(refreshToken),
}
const server = new OAuth2Server({
  model,
  accessTokenLifetime: lifetimeSeconds,
  authenticateHandler: {
    handle: ({ body }) => body.email === user.email && body.password === user.password && { id: user.email },
  },
})
const routes = {
  'GET /authorize': (_request, response) => {
    response.body = signInPage()
  },
  'POST /authorize': (request, response) => server.authorize(request, response),
  'POST /token': (request, response) => server.token(request, response),
  'GET /api': async (request, response) => {
    const { user: owner } = await server.authenticate(request, response)
    response.body = { sub: owner.id }
  },
}

async function handle(incoming, outgoing) {
  const { pathname, searchParams } = new URL(incoming.url, 'http://localhost')
  const { method, headers } = incoming
  const form = new URLSearchParams(String(Buffer.concat(await incoming.toArray())))
  const [query, body] = [searchParams, form].map((pairs) => Object.fromEntries(pairs))
  const request = new OAuth2Server.Request({ method, headers, query, body })
  const response = new OAuth2Server.Response()
  try {
    await routes[`${method} ${pathname}`]?.(request, response)
  } catch (error) {
    Object.assign(response, { status: error.code, body: { error: error.name } })
  }
  const isPage = typeof response.body === 'string'
  response.set('content-type', isPage ? 'text/html' : 'application/json')
  outgoing
    .writeHead(response.status, response.headers)
    .end(isPage ? response.body : JSON.stringify(response.body))
}

createServer((incoming, outgoing) => void handle(incoming, outgoing)).listen(port, '127.0.0.1', () =>
  console.log('ready'),
)
