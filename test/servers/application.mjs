import { once } from 'node:events'
import { createServer } from 'node:http'
import { evertoken } from '@evertoken/node'

/**
 * Starts an application that calls an API of the authorization server with the token of its user.
 *
 * @param options - The options of Evertoken that the server needs.
 * @param apiUrl - The URL of the API.
 */
export async function createApplication({ client, options, apiUrl }) {
  const http = createServer()
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  const url = `http://127.0.0.1:${http.address().port}`
  const events = []
  let ahead = 0
  const auth = evertoken({
    clientId: client.id,
    clientSecret: client.secret,
    encryptionSecret: 'a secret of thirty-two characters',
    baseUrl: url,
    onEvent: (event) => events.push(event),
    clock: {
      now: () => Date.now() / 1000 + ahead,
      elapsed: () => performance.now(),
      sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    },
    ...options,
  })
  const api = auth.createTokenFetch({ baseUrl: apiUrl })
  const routes = {
    '/call': async () => {
      const response = await api('')
      return new Response(await response.text(), { status: response.status })
    },
    '/revoke': async () => new Response(await auth.revokeRefreshToken()),
  }
  const listener = auth.listener(
    (request) => routes[new URL(request.url).pathname]?.() ?? new Response('home'),
  )
  http.on('request', listener)
  return {
    url,
    events,
    /** Sets the clock of the application ahead, so that its token is expired. */
    setAhead: (seconds) => void (ahead = seconds),
    stop: () => new Promise((resolve) => http.close(resolve).closeAllConnections()),
  }
}
