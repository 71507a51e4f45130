import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, type JWK } from 'jose'
import { onTestFinished, vi } from 'vitest'
import { APP_URL } from './sign-in-at.ts'

export { APP_URL, signInAt, type SignedIn } from './sign-in-at.ts'

export const CLIENT_ID = 'web'
const SUBJECT = 'alice'
const SCOPE = 'openid offline_access'

const ARTIFACTS = [
  'AccessToken',
  'ClientCredentials',
  'Grant',
  'IdToken',
  'Interaction',
  'RefreshToken',
  'Session',
]

/** As much of the library as these tests use. It has no types. */
interface Provider {
  readonly Grant: new (properties: object) => { addOIDCScope(scope: string): void; save(): Promise<string> }
  callback(): (request: IncomingMessage, response: ServerResponse) => void
  interactionFinished(request: IncomingMessage, response: ServerResponse, result: object): Promise<void>
  on(event: string, listener: (context: unknown, error: Error) => void): void
}

export interface RealServer {
  readonly issuer: string
  /** The forms of the requests to the token endpoint and to the revocation endpoint, in order. */
  readonly forms: URLSearchParams[]
  /** Answers requests of another listener. */
  readonly answer: (request: IncomingMessage, response: ServerResponse) => void
  /** The user who signs in next. Tests can change it. */
  readonly visitor: Visitor
}

/** The user who signs in, and what they grant. */
interface Visitor {
  sub: string
  scope: string
  isDeclining: boolean
}

/**
 * Starts an `oidc-provider` on loopback, which rotates refresh tokens and signs in every user who comes.
 *
 * @param client - Metadata of its only client, in addition to the redirect URI.
 * @param configuration - Further configuration, for the URL at which the server listens.
 */
export async function startOidcProvider(
  client: object,
  configuration: (issuer: string) => object = () => ({}),
): Promise<RealServer> {
  const http = createServer()
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    http.close()
    http.closeAllConnections()
  })
  const issuer = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  const provider = await createProvider(issuer, {
    clients: [
      {
        client_id: CLIENT_ID,
        grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
        redirect_uris: [`${APP_URL}/auth/callback`],
        id_token_signed_response_alg: 'ES256',
        ...client,
      },
    ],
    jwks: { keys: [await exportJWK(privateKey)] },
    cookies: { keys: [randomBytes(32).toString('base64url')] },
    rotateRefreshToken: true,
    ttl: Object.fromEntries(ARTIFACTS.map((name) => [name, 600])),
    issueRefreshToken: () => true,
    scopes: ['openid', 'offline_access', 'api'],
    findAccount: (_context: unknown, id: string) => ({ accountId: id, claims: () => ({ sub: id }) }),
    interactions: { url: () => '/sign-in' },
    ...configuration(issuer),
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      revocation: { enabled: true, allowedPolicy: () => true },
      ...(configuration(issuer) as { features?: object }).features,
    },
  })
  const forms: URLSearchParams[] = []
  const visitor: Visitor = { sub: SUBJECT, scope: SCOPE, isDeclining: false }
  const signIn = async (request: IncomingMessage, response: ServerResponse) => {
    const { sub: accountId, scope, isDeclining } = visitor
    if (isDeclining) return provider.interactionFinished(request, response, { error: 'access_denied' })
    const grant = new provider.Grant({ accountId, clientId: CLIENT_ID })
    grant.addOIDCScope(scope)
    const consent = { grantId: await grant.save() }
    return provider.interactionFinished(request, response, { login: { accountId }, consent })
  }
  const callback = provider.callback()
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    if (request.url === '/sign-in') return void signIn(request, response)
    // The library reads other bodies later, and a listener here would consume them.
    if (request.url?.startsWith('/token') === true) {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => forms.push(new URLSearchParams(Buffer.concat(chunks).toString())))
    }
    callback(request, response)
  }
  http.on('request', answer)
  return { issuer, forms, answer, visitor }
}

/** The library warns that it keeps everything in memory, which is the point here. */
async function createProvider(issuer: string, settings: object): Promise<Provider> {
  const warnings = vi.spyOn(console, 'warn').mockImplementation(() => undefined)
  try {
    const name = 'oidc-provider'
    const library = (await import(name)) as { default: new (issuer: string, settings: object) => Provider }
    return new library.default(issuer, settings)
  } finally {
    warnings.mockRestore()
  }
}

/** A key of the client, with its public part as the server gets it. */
export async function createClientKey(
  algorithm: string,
  keyId: string,
): Promise<{ readonly privateKey: CryptoKey; readonly jwk: JWK }> {
  const { privateKey, publicKey } = await generateKeyPair(algorithm, { extractable: true })
  const jwk = { ...(await exportJWK(publicKey)), kid: keyId, use: 'sig', alg: algorithm }
  return { privateKey, jwk }
}
