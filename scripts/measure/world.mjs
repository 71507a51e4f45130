import { createMemoryStore, evertoken } from '@evertoken/node'
import { createAuthorizationServer, createBrowser, createShiftableClock } from '@evertoken/testkit'

export const ORIGIN = 'https://app.example.com'
const TOKEN_SECONDS = 300

/**
 * An application on the model authorization server, whose time is moved by `expire`.
 *
 * @param options - Options of `evertoken()` in addition to those of the world.
 */
export function createWorld(options = {}) {
  const clock = createShiftableClock()
  const server = createAuthorizationServer({ clock, accessTokenSeconds: TOKEN_SECONDS })
  const [client] = server.clients
  const store = options.store ?? createMemoryStore({ clock })
  /** Each instance has its own memory, like a process. */
  const createInstance = () =>
    evertoken({
      issuer: server.issuer,
      clientId: client.id,
      clientSecret: client.secret,
      encryptionSecret: 'a secret of thirty-two characters',
      baseUrl: ORIGIN,
      fetch: (input, init) => server.fetch(input, init),
      clock,
      ...options,
      store,
    })
  return { server, clock, createInstance, expire: () => clock.advance(TOKEN_SECONDS + 1) }
}

/** Starts a session with tokens of the server. Resolves to the browser of the user. */
export async function signIn(auth, server, scope = 'openid') {
  const sub = 'user-1'
  const browser = createBrowser()
  const tokens = await server.issue({ sub, scope })
  await browser.fetch(
    auth.handler(async () => {
      await auth.startSession(tokens, { claims: { sub } })
      return new Response()
    }),
    '/',
  )
  return browser
}

/** A handler that returns the access token, which no application may do. */
export function tokenHandler(auth) {
  return auth.handler(async () => {
    const token = await auth.getUserAccessToken()
    return new Response(token?.value, { status: token ? 200 : 401 })
  })
}
