import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import { exportJWK, generateKeyPair } from 'jose'

/** An `oidc-provider` on loopback with one client, which counts its token requests. */
export async function startAuthorizationServer({ client, scope, lifetimeSeconds }) {
  const http = createServer()
  await new Promise((resolve) => http.listen(0, '127.0.0.1', resolve))
  const issuer = `http://127.0.0.1:${http.address().port}`
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  const provider = await createProvider(issuer, {
    clients: [
      {
        client_id: client.id,
        client_secret: client.secret,
        grant_types: ['client_credentials'],
        response_types: [],
        redirect_uris: [],
        id_token_signed_response_alg: 'ES256',
      },
    ],
    scopes: [scope],
    jwks: { keys: [await exportJWK(privateKey)] },
    cookies: { keys: [randomBytes(32).toString('base64url')] },
    ttl: { ClientCredentials: lifetimeSeconds },
    features: { clientCredentials: { enabled: true }, devInteractions: { enabled: false } },
  })
  const answer = provider.callback()
  /** When each token request arrived, in milliseconds. */
  const requests = []
  http.on('request', (request, response) => {
    if (request.method === 'POST' && request.url === '/token') requests.push(performance.now())
    answer(request, response)
  })
  return {
    issuer,
    requests,
    stop() {
      http.close()
      http.closeAllConnections()
    },
  }
}

/** oidc-provider warns that it keeps everything in memory, which is the point here, and that it was not made for Node 20. */
async function createProvider(issuer, settings) {
  const { warn } = console
  console.warn = () => {}
  try {
    const { default: Provider } = await import('oidc-provider')
    return new Provider(issuer, settings)
  } finally {
    console.warn = warn
  }
}
