import { randomBytes, type X509Certificate } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { type AccessToken, type EvertokenEvent, isEvertokenError } from '@evertoken/core'
import { fapi2, type Fapi2Options } from '@evertoken/core/fapi'
import { evertoken, type Evertoken } from '@evertoken/node'
import { createMtlsFetch } from '@evertoken/node/mtls'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createCertificate } from './certificate.ts'
import { APP_URL, CLIENT_ID, createClientKey, signInAt, startOidcProvider } from './oidc-provider.ts'

const { privateKey, jwk } = await createClientKey('PS256', 'key-1')
const key = { key: privateKey, keyId: 'key-1', algorithm: 'PS256' } as const

interface Setup {
  /** Options of `fapi2()`. */
  readonly profile?: Partial<Fapi2Options>
  readonly options?: object
  /** Metadata of the client at the server. */
  readonly client?: object
  readonly features?: object
  /** Further configuration of the server. */
  readonly server?: object
}

interface Bank {
  readonly auth: Evertoken
  readonly events: readonly EvertokenEvent[]
  /** The token requests. */
  readonly forms: readonly URLSearchParams[]
  readonly issuer: string
}

/** A server that behaves as FAPI 2.0 requires, and a client with the profile. */
async function startBank({ profile, options, client, features, server }: Setup = {}): Promise<Bank> {
  const { issuer, forms } = await startOidcProvider(
    {
      token_endpoint_auth_method: 'private_key_jwt',
      jwks: { keys: [jwk] },
      require_pushed_authorization_requests: true,
      dpop_bound_access_tokens: true,
      ...client,
    },
    () => ({
      clientAuthMethods: ['private_key_jwt'],
      ...server,
      features: {
        fapi: { enabled: true, profile: '2.0' },
        dPoP: { enabled: true, nonceSecret: randomBytes(32), requireNonce: () => true },
        ...features,
      },
    }),
  )
  const events: EvertokenEvent[] = []
  const auth = evertoken({
    issuer,
    clientId: CLIENT_ID,
    encryptionSecret: 'a secret of thirty-two characters',
    baseUrl: APP_URL,
    profile: fapi2({ key, ...profile }),
    onEvent: (event) => void events.push(event),
    ...options,
  })
  return { auth, events, forms, issuer }
}

/** Signs in, and resolves to the token of the sign-in and to one of a refresh. */
async function tokensOf({ auth }: Bank): Promise<readonly (AccessToken | undefined)[]> {
  const user = await signInAt(auth)
  const tokens: (AccessToken | undefined)[] = []
  await user.get('/', async () => {
    const token = await auth.getUserAccessToken()
    tokens.push(token, await auth.getUserAccessToken({ rejectedToken: token }))
    return new Response()
  })
  return tokens
}

describe('a real server with FAPI 2.0', () => {
  it('signs the user in and refreshes, with DPoP and nonces', async () => {
    const bank = await startBank()
    const [first, second] = await tokensOf(bank)
    expect([first?.type, second?.type]).toEqual(['DPoP', 'DPoP'])
    expect(second?.value).not.toBe(first?.value)
    const assertions = bank.forms.map((form) => form.get('client_assertion') ?? '')
    expect(assertions.length).toBeGreaterThanOrEqual(2)
    for (const assertion of assertions) {
      expect(decodeProtectedHeader(assertion).alg).toBe('PS256')
      expect(decodeJwt(assertion).aud).toBe(bank.issuer)
    }
    expect(new Set(assertions.map((assertion) => decodeJwt(assertion).jti)).size).toBe(assertions.length)
  })

  it('signs requests and responses with `messageSigning`', async () => {
    const bank = await startBank({
      profile: { key: async () => key, messageSigning: true },
      client: { require_signed_request_object: true, authorization_signed_response_alg: 'ES256' },
      features: { requestObjects: { enabled: true }, jwtResponseModes: { enabled: true } },
      server: { enabledJWA: { authorizationSigningAlgValues: ['ES256'] } },
    })
    const user = await signInAt(bank.auth)
    const [opened] = user.visited
    expect([...(opened?.searchParams.keys() ?? [])].toSorted()).toEqual(['client_id', 'request_uri'])
    const callback = user.visited.find(({ pathname }) => pathname === '/auth/callback')
    expect([...(callback?.searchParams.keys() ?? [])]).toEqual(['response'])
  })

  it('with certificates binds tokens to the certificate, at the endpoints for certificates', async () => {
    const [server, client] = [createCertificate('server'), createCertificate('client')]
    const https = createServer({ ...server, ca: client.cert, requestCert: true, rejectUnauthorized: false })
    await new Promise<void>((resolve) => https.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => {
      https.close()
      https.closeAllConnections()
    })
    const origin = `https://127.0.0.1:${(https.address() as AddressInfo).port}`
    const { issuer, answer } = await startOidcProvider(
      {
        token_endpoint_auth_method: 'private_key_jwt',
        jwks: { keys: [jwk] },
        tls_client_certificate_bound_access_tokens: true,
      },
      () => ({
        clientAuthMethods: ['private_key_jwt'],
        discovery: {
          mtls_endpoint_aliases: {
            token_endpoint: `${origin}/token`,
            userinfo_endpoint: `${origin}/me`,
            pushed_authorization_request_endpoint: `${origin}/request`,
          },
        },
        features: {
          fapi: { enabled: true, profile: '2.0' },
          mTLS: {
            enabled: true,
            certificateBoundAccessTokens: true,
            getCertificate: ({ req }: { req: IncomingMessage }): X509Certificate | undefined =>
              (req.socket as TLSSocket).getPeerX509Certificate?.(),
          },
        },
      }),
    )
    https.on('request', answer)
    const certificateFetch = createMtlsFetch({ ...client, ca: server.cert })
    const auth = evertoken({
      issuer,
      clientId: CLIENT_ID,
      encryptionSecret: 'a secret of thirty-two characters',
      baseUrl: APP_URL,
      fetch: certificateFetch,
      profile: fapi2({ key, senderConstraint: 'mtls' }),
    })
    const user = await signInAt(auth)
    await user.get('/', async () => {
      expect((await auth.getUserAccessToken())?.type).toBe('Bearer')
      const presenting = auth.createTokenFetch({ baseUrl: `${origin}/me`, fetch: certificateFetch })
      expect((await presenting('')).status).toBe(200)
      const stolen = auth.createTokenFetch({ baseUrl: `${issuer}/me` })
      expect((await stolen('')).status).toBe(401)
      return new Response()
    })
  })
})

describe('a server or a key that contradicts FAPI 2.0', () => {
  it('causes `profile_violated` at the first sign-in, which names what is missing', async () => {
    const bank = await startBank({
      client: { require_pushed_authorization_requests: false },
      features: { fapi: { enabled: false }, pushedAuthorizationRequests: { enabled: false } },
    })
    await expect(signInAt(bank.auth)).rejects.toThrow('500')
    expect(bank.events).toMatchObject([{ type: 'sign_in_failed', code: 'profile_violated' }])
    const [finding] = await bank.auth.check()
    expect(finding).toMatchObject({ code: 'profile_violated', severity: 'error' })
    expect(finding?.message).toContain('lacks `pushed_authorization_request_endpoint`')
  })

  it('causes `profile_violated` when a function returns the key, and keeps the session', async () => {
    const { privateKey: weak } = await createClientKey('RS256', 'key-2')
    let current: { readonly key: CryptoKey; readonly keyId?: string } = key
    const bank = await startBank({ profile: { key: () => current } })
    const user = await signInAt(bank.auth)
    const sent = bank.forms.length
    current = { key: weak }
    await user.get('/', async () => {
      const token = await bank.auth.getUserAccessToken()
      const error: unknown = await bank.auth
        .getUserAccessToken({ forceRefresh: true })
        .catch((thrown: unknown) => thrown)
      expect(isEvertokenError(error) && error.code).toBe('profile_violated')
      expect(String(error)).toContain('Use a key for PS256, ES256 or EdDSA')
      expect(bank.forms.length).toBe(sent)
      current = key
      const refreshed = await bank.auth.getUserAccessToken({ forceRefresh: true })
      expect(refreshed?.value).not.toBe(token?.value)
      return new Response()
    })
  })
})
