import { createServer } from 'node:http'
import { oauthProvider } from '@better-auth/oauth-provider'
import { betterAuth } from 'better-auth'
import { memoryAdapter } from 'better-auth/adapters/memory'
import { toNodeHandler } from 'better-auth/node'
import { jwt } from 'better-auth/plugins'
import { signInPage } from './sign-in-page.mjs'

const { port, url, appUrl, client, user, lifetimeSeconds } = JSON.parse(process.argv[2])

const database = {}
const tables = ['user', 'session', 'account', 'verification', 'jwks', 'oauthClient', 'oauthResource']
tables.push(
  'oauthClientResource',
  'oauthClientAssertion',
  'oauthAccessToken',
  'oauthRefreshToken',
  'oauthConsent',
)
for (const table of tables) database[table] = []
const auth = betterAuth({
  baseURL: url,
  secret: client.secret,
  database: memoryAdapter(database),
  emailAndPassword: { enabled: true },
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
  plugins: [
    jwt(),
    oauthProvider({
      loginPage: '/sign-in',
      consentPage: '/consent',
      accessTokenExpiresIn: lifetimeSeconds,
      generateClientId: () => client.id,
      generateClientSecret: () => client.secret,
      silenceWarnings: { oauthAuthServerConfig: true, openidConfig: true },
    }),
  ],
})
const { email, password, name } = user
const signUp = await auth.api.signUpEmail({ body: { email, password, name }, asResponse: true })
const cookie = signUp.headers
  .getSetCookie()
  .map((line) => line.split(';')[0])
  .join('; ')
await auth.api.adminCreateOAuthClient({
  headers: new Headers({ cookie }),
  body: {
    redirect_uris: [`${appUrl}/auth/callback`],
    post_logout_redirect_uris: [`${appUrl}/`],
    enable_end_session: true,
    // Only such a client may have an http URL on loopback.
    application_type: 'native',
  },
})

const consentPage = '<form method="post"><button name="accept" value="true">Allow</button></form>'

/** The pages of the user. They pass the query of the authorization request on, as the client library does. */
async function handlePage(pathname, search, incoming, outgoing) {
  if (incoming.method === 'GET') {
    const html = pathname === '/sign-in' ? signInPage() : consentPage
    outgoing.writeHead(200, { 'content-type': 'text/html' }).end(html)
    return
  }
  const form = Object.fromEntries(new URLSearchParams(String(Buffer.concat(await incoming.toArray()))))
  const [endpoint, body] =
    pathname === '/sign-in' ? ['sign-in/email', form] : ['oauth2/consent', { accept: form.accept === 'true' }]
  const response = await auth.handler(
    new Request(`${url}/api/auth/${endpoint}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', cookie: incoming.headers.cookie ?? '', origin: url },
      body: JSON.stringify({ ...body, oauth_query: search.slice(1) }),
    }),
  )
  const text = await response.text()
  const { url: target, redirect_uri: callback } = JSON.parse(text || '{}')
  if (!(target ?? callback)) return void outgoing.writeHead(response.status).end(text)
  outgoing
    .writeHead(302, { location: target ?? callback, 'set-cookie': response.headers.getSetCookie() })
    .end()
}

const handle = toNodeHandler(auth)
createServer((incoming, outgoing) => {
  const { pathname, search } = new URL(incoming.url, url)
  if (pathname === '/sign-in' || pathname === '/consent')
    void handlePage(pathname, search, incoming, outgoing)
  else void handle(incoming, outgoing)
}).listen(port, '127.0.0.1', () => console.log('ready'))
