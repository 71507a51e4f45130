import * as oauth from 'oauth4webapi'
import { describe, expect, it } from 'vitest'
import { type FakeAuthorizationServer, createAuthorizationServer } from '../../src/index.ts'

const REDIRECT_URI = 'https://app.example.com/callback'
const SECRET = 'a secret: with+odd/ch%racters é'
const CLIENT: oauth.Client = { client_id: 'web app' }
const clients = [{ id: 'web app', secret: SECRET, redirectUris: [REDIRECT_URI] }]

function adapt(fetch: typeof globalThis.fetch) {
  return (
    url: string,
    { body, signal, ...init }: oauth.CustomFetchOptions<string, URLSearchParams | undefined>,
  ) => fetch(url, { ...init, ...(body && { body }), ...(signal && { signal }) })
}

/** Everything goes through an independent client library, which judges every answer. */
async function wholeFlow(
  server: FakeAuthorizationServer,
  authenticate: oauth.ClientAuth,
  fetch: typeof globalThis.fetch,
) {
  const options = { [oauth.allowInsecureRequests]: true, [oauth.customFetch]: adapt(fetch) }
  const issuer = new URL(server.issuer)
  const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, options))

  const verifier = oauth.generateRandomCodeVerifier()
  const nonce = oauth.generateRandomNonce()
  const state = oauth.generateRandomState()
  const url = new URL(as.authorization_endpoint ?? '')
  url.search = new URLSearchParams({
    client_id: CLIENT.client_id,
    response_type: 'code',
    redirect_uri: REDIRECT_URI,
    scope: 'openid profile',
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    nonce,
    state,
  }).toString()
  const sentBack = await fetch(url, { redirect: 'manual' })
  const callback = new URL(sentBack.headers.get('location') ?? '')
  const parameters = oauth.validateAuthResponse(as, CLIENT, callback, state)
  const codeResponse = await oauth.authorizationCodeGrantRequest(
    as,
    CLIENT,
    authenticate,
    parameters,
    REDIRECT_URI,
    verifier,
    options,
  )
  const first = await oauth.processAuthorizationCodeResponse(as, CLIENT, codeResponse, {
    expectedNonce: nonce,
    requireIdToken: true,
  })
  await oauth.validateApplicationLevelSignature(as, codeResponse, options)

  const refresh = async (token: string | undefined) =>
    oauth.processRefreshTokenResponse(
      as,
      CLIENT,
      await oauth.refreshTokenGrantRequest(as, CLIENT, authenticate, token ?? '', options),
    )
  const revoke = async (token: string | undefined) =>
    oauth.processRevocationResponse(
      await oauth.revocationRequest(as, CLIENT, authenticate, token ?? '', options),
    )
  const userinfo = async (token: string) =>
    oauth.processUserInfoResponse(
      as,
      CLIENT,
      'user-1',
      await oauth.userInfoRequest(as, CLIENT, token, options),
    )
  return { first, refresh, revoke, userinfo }
}

describe.each([
  ['ES256', oauth.ClientSecretBasic(SECRET)],
  ['RS256', oauth.ClientSecretPost(SECRET)],
] as const)('oauth4webapi accepts it with %s', (idTokenAlgorithm, authenticate) => {
  it.each(['in memory', 'over HTTP'])('%s: login, refresh, replay', async (where) => {
    const server = createAuthorizationServer({ clients, idTokenAlgorithm })
    const listening = where === 'over HTTP' ? await server.listen() : undefined
    try {
      const flow = await wholeFlow(server, authenticate, listening ? globalThis.fetch : server.fetch)
      expect(oauth.getValidatedIdTokenClaims(flow.first)?.sub).toBe('user-1')
      await expect(flow.userinfo(flow.first.access_token)).resolves.toMatchObject({ sub: 'user-1' })

      const second = await flow.refresh(flow.first.refresh_token)
      expect(second.refresh_token).not.toBe(flow.first.refresh_token)
      expect(server.introspect(second.access_token)).toMatchObject({ active: true, scope: 'openid profile' })

      await expect(flow.refresh(flow.first.refresh_token)).rejects.toMatchObject({ error: 'invalid_grant' })
      expect(server.grants.endReason('user-1')).toBe('refresh token reuse')
      await expect(flow.refresh(second.refresh_token)).rejects.toMatchObject({ error: 'invalid_grant' })
    } finally {
      await listening?.close()
    }
  })

  it('revocation', async () => {
    const server = createAuthorizationServer({ clients, idTokenAlgorithm })
    const { first, revoke, refresh } = await wholeFlow(server, authenticate, server.fetch)
    await revoke(first.refresh_token)
    expect(server.grants.endReason('user-1')).toBe('revocation')
    await expect(refresh(first.refresh_token)).rejects.toMatchObject({ error: 'invalid_grant' })
  })
})

it.each(['https://login.example.com/tenant', 'https://login.example.com/', 'https://login.example.com/a/'])(
  'S8: both kinds of discovery find %s',
  async (issuer) => {
    const server = createAuthorizationServer({ issuer })
    for (const algorithm of ['oidc', 'oauth2'] as const) {
      const response = await oauth.discoveryRequest(new URL(issuer), {
        algorithm,
        [oauth.customFetch]: adapt(server.fetch),
      })
      const as = await oauth.processDiscoveryResponse(new URL(issuer), response)
      expect(as.token_endpoint).toBe(`${issuer.replace(/\/$/, '')}/token`)
    }
    expect(server.counts.discovery).toBe(2)
  },
)
