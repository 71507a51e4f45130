import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  calculateJwkThumbprint,
  decodeProtectedHeader,
  EmbeddedJWK,
  exportJWK,
  generateKeyPair,
  jwtVerify,
} from 'jose'
import { vi } from 'vitest'

export const CLIENT = { id: 'web', secret: randomBytes(24).toString('hex') }
export const PUBLIC_CLIENT = { id: 'public' }
/** A client that signs its authentication. The private key is for the application. */
export const SIGNING_CLIENT = { id: 'signing', key: generateKeyPairSync('ec', { namedCurve: 'P-256' }) }
export const ORIGIN = 'http://127.0.0.1:3999'
export const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
const TOKEN_SECONDS = 300
const PROOF_SECONDS = 30

/** A token request that arrived at the provider. */
export interface TokenRequest {
  readonly form: URLSearchParams
  readonly proof: string | undefined
  status: number
}

/** A real `oidc-provider` with DPoP on loopback. */
export interface Provider {
  readonly issuer: string
  readonly tokenRequests: TokenRequest[]
  /** The parameters of the authorization requests. */
  readonly authorizations: URLSearchParams[]
  /** How many tokens were granted, by grant type. */
  granted(grantType: string): number
  /** Returns the key that an access token is bound to. */
  boundTo(token: string): Promise<string | undefined>
  close(): void
}

interface Library {
  new (issuer: string, settings: object): Library & Record<string, never>
  callback(): (request: IncomingMessage, response: ServerResponse) => void
  interactionDetails(...http: unknown[]): Promise<{ readonly params: Record<string, string> }>
  interactionFinished(...http: unknown[]): Promise<void>
  on(event: string, listener: (context: { oidc: { params: Record<string, string> } }) => void): void
  Grant: new (members: object) => { addOIDCScope(scope: string): void; save(): Promise<string> }
  AccessToken: {
    new (members: object): { jkt?: string; save(): Promise<string> }
    find(value: string): Promise<{ readonly jkt?: string; readonly accountId: string } | undefined>
  }
  registerGrantType(
    name: string,
    handler: (context: ExchangeContext) => Promise<void>,
    parameters: string[],
  ): void
  ClientCredentials: { find(value: string): Promise<{ readonly jkt?: string } | undefined> }
}

interface ExchangeContext {
  readonly oidc: { readonly client: object; readonly params: Readonly<Record<string, string>> }
  body: object
  get(header: string): string
}

/** @param requiresNonces - Whether proofs at the token endpoint need a nonce. */
export async function startProvider(requiresNonces: boolean): Promise<Provider> {
  const http = createServer()
  const issuer = await listen(http)
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  const provider = await createProvider(issuer, {
    clients: [
      { ...COMMON, client_id: CLIENT.id, client_secret: CLIENT.secret },
      { ...COMMON, client_id: PUBLIC_CLIENT.id, token_endpoint_auth_method: 'none' },
      {
        ...COMMON,
        client_id: SIGNING_CLIENT.id,
        token_endpoint_auth_method: 'private_key_jwt',
        jwks: { keys: [{ ...SIGNING_CLIENT.key.publicKey.export({ format: 'jwk' }), use: 'sig' }] },
      },
    ],
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: 'ES256', use: 'sig' }] },
    cookies: { keys: [randomBytes(32).toString('base64url')] },
    scopes: ['openid', 'offline_access', 'api'],
    claims: { openid: ['sub'] },
    rotateRefreshToken: true,
    issueRefreshToken: () => true,
    expiresWithSession: () => false,
    findAccount: (_context: unknown, sub: string) => ({ accountId: sub, claims: () => ({ sub }) }),
    interactions: { url: (_context: unknown, { uid }: { uid: string }) => `/sign-in/${uid}` },
    ttl: {
      AccessToken: TOKEN_SECONDS,
      ClientCredentials: TOKEN_SECONDS,
      Grant: 86_400,
      IdToken: 3600,
      Interaction: 3600,
      RefreshToken: 86_400,
      Session: 3600,
    },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      userinfo: { enabled: true },
      dPoP: { enabled: true, nonceSecret: randomBytes(32), requireNonce: () => requiresNonces },
    },
  })
  provider.registerGrantType(TOKEN_EXCHANGE, exchange(provider), ['subject_token', 'audience'])
  const grants: string[] = []
  provider.on('grant.success', ({ oidc }) => void grants.push(oidc.params['grant_type'] ?? ''))
  const tokenRequests: TokenRequest[] = []
  const authorizations: URLSearchParams[] = []
  const respond = provider.callback()
  http.on('request', (request: IncomingMessage, response: ServerResponse) => {
    // Node would send the real time, and not that of the test.
    response.setHeader('date', new Date().toUTCString())
    const { pathname, searchParams } = new URL(request.url ?? '', issuer)
    if (pathname.startsWith('/sign-in/')) return void signIn(provider, request, response)
    if (pathname === '/auth') authorizations.push(searchParams)
    if (pathname === '/token') record(request, response, tokenRequests)
    respond(request, response)
  })
  return {
    issuer,
    tokenRequests,
    authorizations,
    granted: (grantType) => grants.filter((each) => each === grantType).length,
    async boundTo(value) {
      const token = (await provider.AccessToken.find(value)) ?? (await provider.ClientCredentials.find(value))
      return token?.jkt
    },
    close: () => stop(http),
  }
}

/** An exchange that binds the token to the key of the proof. Without a proof, the token is not bound. */
function exchange(provider: Library) {
  return async (context: ExchangeContext): Promise<void> => {
    const { client, params } = context.oidc
    const subject = await provider.AccessToken.find(params['subject_token'] ?? '')
    const token = new provider.AccessToken({ client, accountId: subject?.accountId, scope: 'api' })
    const proof = context.get('dpop')
    if (proof) token.jkt = await calculateJwkThumbprint(decodeProtectedHeader(proof).jwk as object)
    context.body = {
      access_token: await token.save(),
      issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      token_type: proof ? 'DPoP' : 'Bearer',
      expires_in: TOKEN_SECONDS,
    }
  }
}

const COMMON = {
  grant_types: ['authorization_code', 'refresh_token', 'client_credentials', TOKEN_EXCHANGE],
  redirect_uris: [`${ORIGIN}/auth/callback`],
  response_types: ['code'],
}

async function signIn(provider: Library, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { params } = await provider.interactionDetails(request, response)
  const grant = new provider.Grant({ accountId: 'ada', clientId: params['client_id'] })
  grant.addOIDCScope('openid offline_access api')
  const result = { login: { accountId: 'ada' }, consent: { grantId: await grant.save() } }
  await provider.interactionFinished(request, response, result)
}

function record(request: IncomingMessage, response: ServerResponse, into: TokenRequest[]): void {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  response.on('finish', () =>
    into.push({
      form: new URLSearchParams(Buffer.concat(chunks).toString()),
      proof: request.headers['dpop'] as string | undefined,
      status: response.statusCode,
    }),
  )
}

/** It has no types. It warns that it keeps everything in memory, which is the point here. */
async function createProvider(issuer: string, settings: object): Promise<Library> {
  const warnings = vi.spyOn(console, 'warn').mockReturnValue()
  try {
    const library: string = 'oidc-provider'
    const { default: Constructor } = (await import(library)) as { readonly default: Library }
    return new Constructor(issuer, settings)
  } finally {
    warnings.mockRestore()
  }
}

/** A request that arrived at an API, and what was wrong with it. */
export interface ApiRequest {
  readonly method: string
  readonly path: string
  readonly body: string
  readonly authorization: string | undefined
  readonly claims: Readonly<Record<string, unknown>>
  readonly refused: string | undefined
}

/** An API that accepts only tokens with a valid proof. */
export interface Api {
  readonly url: string
  readonly requests: ApiRequest[]
  /** Replaces the nonce. `undefined`: no nonce is required. */
  nonce: string | undefined
  /** Responds in place of the API, before any check. */
  script: ((request: IncomingMessage, response: ServerResponse) => boolean) | undefined
  close(): void
}

export async function startApi(provider: Provider, nonce?: string): Promise<Api> {
  const http = createServer()
  const url = `${await listen(http)}/`
  const requests: ApiRequest[] = []
  const used = new Set<unknown>()
  const api: Api = { url, requests, nonce, script: undefined, close: () => stop(http) }

  /** Returns the error of a request, and the claims of its proof (RFC 9449 §4.3). */
  async function verify(request: IncomingMessage): Promise<Pick<ApiRequest, 'refused' | 'claims'>> {
    const [scheme, token = ''] = (request.headers.authorization ?? '').split(' ')
    if (scheme !== 'DPoP') return { refused: 'invalid_token', claims: {} }
    const options = { typ: 'dpop+jwt', algorithms: ['ES256', 'EdDSA'], maxTokenAge: PROOF_SECONDS }
    const verified = await jwtVerify(String(request.headers['dpop']), EmbeddedJWK, {
      ...options,
      currentDate: new Date(),
    }).catch(() => undefined)
    if (!verified) return { refused: 'invalid_dpop_proof', claims: {} }
    const { payload: claims, protectedHeader } = verified
    const { origin, pathname } = new URL(request.url ?? '', url)
    const isForRequest =
      claims['htm'] === request.method && claims['htu'] === origin + pathname && !used.has(claims.jti)
    used.add(claims.jti)
    if (!isForRequest || claims['ath'] !== (await hashOf(token)))
      return { refused: 'invalid_dpop_proof', claims }
    if (claims['nonce'] !== api.nonce) return { refused: 'use_dpop_nonce', claims }
    const jkt = await calculateJwkThumbprint(protectedHeader.jwk as object)
    return { refused: jkt === (await provider.boundTo(token)) ? undefined : 'invalid_token', claims }
  }

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const { method = '', url: path = '' } = request
    const { authorization } = request.headers
    const { refused, claims } = await verify(request)
    requests.push({ method, path, body: Buffer.concat(chunks).toString(), authorization, claims, refused })
    if (api.script?.(request, response)) return
    if (api.nonce !== undefined) response.setHeader('dpop-nonce', api.nonce)
    if (refused === undefined) return void response.end('ok')
    response.writeHead(401, { 'www-authenticate': `DPoP error="${refused}", algs="ES256"` }).end()
  }

  http.on('request', (request: IncomingMessage, response: ServerResponse) => void respond(request, response))
  return api
}

async function hashOf(text: string): Promise<string> {
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return Buffer.from(hash).toString('base64url')
}

async function listen(http: Server): Promise<string> {
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  return `http://127.0.0.1:${(http.address() as AddressInfo).port}`
}

function stop(http: Server): void {
  http.close()
  http.closeAllConnections()
}
