import { createHash } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import { createServer } from 'node:http'
import { evertoken } from '@evertoken/node'
import { createUserAgent } from '../../examples/node-app/dist/user-agent.js'

/** An application, and all that it sends to the token and revocation endpoints. */
export async function createApplication({ server, client, session }) {
  const http = createServer()
  await new Promise((resolve) => http.listen(0, '127.0.0.1', resolve))
  // Another host name than the server's: cookies do not know ports.
  const url = `http://127.0.0.1:${http.address().port}`
  const [refreshes, revoked] = [[], []]
  const events = new EventEmitter()
  let tokenEndpoint
  let ahead = 0

  function listenIn(input, init) {
    const form = new URLSearchParams(init?.body ?? '')
    if (form.has('grant_type')) tokenEndpoint = String(input)
    if (form.get('grant_type') === 'refresh_token') refreshes.push(form.get('refresh_token'))
    if (form.has('token')) revoked.push(form.get('token'))
    return fetch(input, init)
  }

  /** Without asking through the library. */
  async function isDead(refreshToken) {
    const authorization = `Basic ${btoa(`${client.id}:${client.secret}`)}`
    const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: refreshToken })
    const response = await fetch(tokenEndpoint, { method: 'POST', headers: { authorization }, body })
    return response.status === 400
  }

  const auth = evertoken({
    server: { issuer: server.issuer, metadata: server.metadataUrl },
    clientId: client.id,
    clientSecret: client.secret,
    encryptionSecret: 'a secret of thirty-two characters',
    baseUrl: url,
    scope: 'openid',
    session,
    backChannelLogout: true,
    fetch: async (input, init) => withoutDate(await listenIn(input, init)),
    onEvent: (event) => events.emit(event.type, event),
    clock: {
      now: () => Date.now() / 1000 + ahead,
      elapsed: () => performance.now(),
      sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    },
  })
  const userInfo = auth.createTokenFetch({ baseUrl: server.userInfoUrl })
  const routes = {
    '/fingerprint': async () => fingerprint((await auth.getUserAccessToken())?.value ?? ''),
    '/revoke': () => auth.revokeRefreshToken(),
    '/userinfo': async () => {
      const response = await userInfo('')
      return `${response.status} ${(await response.json()).sub}`
    },
  }
  http.on(
    'request',
    auth.listener(async (request) => new Response(await routes[new URL(request.url).pathname]?.())),
  )

  /** Signs in at the server as well, which shows its page to browsers only. */
  function createAgent() {
    const agent = createUserAgent()
    async function signIn(returnTo) {
      const cookie = await server.signIn()
      await server.consent(cookie, client.id)
      const headers = new Headers(cookie.split('; ').map((pair) => ['set-cookie', pair]))
      agent.keep(server.issuer, new Response(null, { headers }))
      const init = { headers: { 'x-evertoken': '1' } }
      const page = await agent.visit(`${url}/auth/login?returnTo=${encodeURIComponent(returnTo)}`, init)
      // The page's only button, for a user who has signed in and consented.
      return agent.visit(`${new URL(page.url).searchParams.get('callback_url')}&g_continue`)
    }
    return { ...agent, signIn }
  }

  return {
    url,
    refreshes,
    revoked,
    isDead,
    createAgent,
    eventOf: async (type) => (await once(events, type))[0],
    /** Sets the clock of the application ahead, by so much of the real time. */
    setAhead: (seconds) => void (ahead = seconds),
    close: () => new Promise((resolve) => http.close(resolve).closeAllConnections()),
  }
}

/** The clock of the real server cannot be set ahead, so the application must not learn it. */
function withoutDate({ status, headers: received, body }) {
  const headers = new Headers(received)
  headers.delete('date')
  return new Response(body, { status, headers })
}

function fingerprint(token) {
  return createHash('sha256').update(token).digest('hex')
}
