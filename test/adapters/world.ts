import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAuthorizationServer, type FakeAuthorizationServer } from '@evertoken/testkit'

/** What the examples need around them. */
export interface World {
  readonly server: FakeAuthorizationServer
  /** From here on, the API rejects the token that it sees next. */
  spoil(): void
  /** For the environment of an example. */
  readonly env: Readonly<Record<string, string>>
  close(): Promise<void>
}

export async function createWorld(): Promise<World> {
  const server = createAuthorizationServer()
  const listening = await server.listen()
  const api = await startApi(server)
  const [client] = server.clients
  return {
    server,
    spoil: api.spoil,
    env: {
      ISSUER: server.issuer,
      CLIENT_ID: client?.id ?? '',
      CLIENT_SECRET: client?.secret ?? '',
      SESSION_SECRET: 'a secret of thirty-two characters',
      API_URL: api.url,
      PORT: '0',
    },
    async close() {
      api.close()
      await listening.close()
    },
  }
}

/** Answers to an access token that the authorization server calls active. */
async function startApi(
  server: FakeAuthorizationServer,
): Promise<{ readonly url: string; spoil(): void; close(): void }> {
  let isSpoiling = false
  let spoiled: string | undefined
  const api = createServer((request, response) => {
    const [, token = ''] = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '') ?? []
    if (isSpoiling) spoiled ??= token
    const known = request.url === '/orders/recent' && token !== spoiled && server.introspect(token).active
    const challenge = known ? {} : { 'www-authenticate': 'Bearer error="invalid_token"' }
    response.writeHead(known ? 200 : 401, { 'content-type': 'application/json', ...challenge })
    response.end(JSON.stringify(known ? ['A-1042'] : { error: 'invalid_token' }))
  })
  await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(api.address() as AddressInfo).port}`,
    spoil() {
      isSpoiling = true
    },
    close() {
      api.close()
      api.closeAllConnections()
    },
  }
}
