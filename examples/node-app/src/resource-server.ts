import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { createRemoteJWKSet, jwtVerify } from 'jose'

export interface ResourceServerOptions {
  readonly issuer: string
  /** The audience of the access tokens: the address of this server. */
  readonly audience: string
}

interface Api {
  readonly scope: string
  readonly body: unknown
}

const APIS = new Map<string, Api>([
  [
    '/orders/recent',
    {
      scope: 'orders:read',
      body: [
        { id: 'A-1042', item: 'Pocket sextant', total: '€ 129.00' },
        { id: 'A-1038', item: 'Brass telescope', total: '€ 84.50' },
        { id: 'A-1031', item: 'Star chart, northern sky', total: '€ 19.90' },
      ],
    },
  ],
  [
    '/profile/mine',
    { scope: 'profile:read', body: { name: 'Ada Lovelace', memberSince: '1843-09', plan: 'Analytical' } },
  ],
])

/** Two small APIs that answer to a valid access token only (RFC 6750, RFC 9068). */
export function createResourceServer({ issuer, audience }: ResourceServerOptions): RequestListener {
  const keys = createRemoteJWKSet(new URL('/jwks', issuer))

  async function scopesOf(request: IncomingMessage): Promise<string[] | undefined> {
    const [, token = ''] = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '') ?? []
    const rules = { issuer, audience, typ: 'at+jwt', algorithms: ['ES256'], requiredClaims: ['exp', 'sub'] }
    const verified = await jwtVerify(token, keys, rules).catch(() => undefined)
    return verified && String(verified.payload['scope']).split(' ')
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const api = APIS.get(request.url ?? '')
    if (!api) return send(response, 404, { error: 'not_found' })
    const scopes = await scopesOf(request)
    if (!scopes) return challenge(response, 401, 'invalid_token')
    if (!scopes.includes(api.scope)) return challenge(response, 403, 'insufficient_scope')
    send(response, 200, api.body)
  }

  return (request, response) => void answer(request, response)
}

function challenge(response: ServerResponse, status: number, error: string): void {
  response.setHeader('www-authenticate', `Bearer error="${error}"`)
  send(response, status, { error })
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
