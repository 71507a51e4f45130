import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { EvertokenEvent } from '@evertoken/core'
import { clientSecretPost, none } from '@evertoken/core/credentials'
import { clientCredentials } from '@evertoken/core/grants'
import { certificateBound, tlsClientAuth } from '@evertoken/core/mtls'
import { evertoken, type EvertokenWithClient } from '@evertoken/node'
import { createMtlsFetch } from '@evertoken/node/mtls'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { describe, expect, it } from 'vitest'
import { createCertificate } from './certificate.ts'
import {
  certificateOf,
  CLIENT_CERTIFICATE,
  listenWithCertificates,
  SERVER_CERTIFICATE,
  startMtlsProvider,
} from './mtls-provider.ts'
import { APP_URL, CLIENT_ID, signInAt } from './oidc-provider.ts'

const API = 'urn:example:api'
const certificateFetch = createMtlsFetch({ ...CLIENT_CERTIFICATE, ca: SERVER_CERTIFICATE.cert })

/** With this feature, tokens for `API` are JWTs. */
const JWT_TOKENS = {
  resourceIndicators: {
    enabled: true,
    getResourceServerInfo: () => ({
      scope: 'api',
      audience: API,
      accessTokenFormat: 'jwt',
      jwt: { sign: { alg: 'ES256' } },
    }),
  },
}

/** An API that accepts a token only over a connection with the certificate that the token names. */
async function startApi(issuer: string): Promise<string> {
  const { https, origin } = await listenWithCertificates()
  const keys = createRemoteJWKSet(new URL(`${issuer}/jwks`))
  async function respond(req: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, token = ''] = (req.headers.authorization ?? '').split(' ')
    const hash = createHash('sha256').update(certificateOf({ req })?.raw ?? '')
    const bound = await jwtVerify(token, keys, { issuer, audience: API }).then(
      ({ payload }) => (payload['cnf'] as { 'x5t#S256'?: string } | undefined)?.['x5t#S256'],
      () => undefined,
    )
    response.statusCode = bound === hash.digest('base64url') ? 200 : 401
    response.end(bound)
  }
  https.on('request', (req, response) => void respond(req, response))
  return origin
}

function createApplication(
  issuer: string,
  options: object,
): { auth: EvertokenWithClient; events: EvertokenEvent[] } {
  const events: EvertokenEvent[] = []
  const auth = evertoken({
    server: { issuer },
    clientId: CLIENT_ID,
    encryptionSecret: 'a secret of thirty-two characters',
    baseUrl: APP_URL,
    client: clientCredentials({ scope: 'api', resource: API }),
    senderConstraint: certificateBound(),
    fetch: certificateFetch,
    onEvent: (event: EvertokenEvent) => void events.push(event),
    ...options,
  })
  return { auth, events }
}

const BOUND = { tls_client_certificate_bound_access_tokens: true }
const clients = [
  {
    method: 'tls_client_auth',
    clientAuthentication: tlsClientAuth(),
    metadata: { tls_client_auth_subject_dn: 'CN=client' },
  },
  {
    method: 'client_secret_post',
    clientAuthentication: clientSecretPost('a secret of the client'),
    metadata: { client_secret: 'a secret of the client' },
  },
]

describe.each(clients)('certificateBound() with $method', ({ method, clientAuthentication, metadata }) => {
  it('S20: an API verifies the certificate of each call, and no other certificate is accepted', async () => {
    const client = { ...BOUND, ...metadata, token_endpoint_auth_method: method }
    const { issuer, forms } = await startMtlsProvider(client, JWT_TOKENS)
    const api = await startApi(issuer)
    const { auth } = createApplication(issuer, { clientAuthentication })
    const orders = auth.createTokenFetch({ baseUrl: api, token: 'client', fetch: certificateFetch })
    const response = await orders(`${api}/a`)
    expect(response.status).toBe(200)
    expect(await response.text()).toMatch(/^[\w-]{43}$/)
    expect(forms.map((form) => form.get('grant_type'))).toEqual(['client_credentials'])

    const other = createMtlsFetch({ ...createCertificate('other'), ca: SERVER_CERTIFICATE.cert })
    const stolen = auth.createTokenFetch({ baseUrl: api, token: 'client', fetch: other })
    expect((await stolen(`${api}/a`)).status).toBe(401)
  })

  it('a token that is not bound is used for no call', async () => {
    const unbound = { tls_client_certificate_bound_access_tokens: false }
    const client = { ...unbound, ...metadata, token_endpoint_auth_method: method }
    const { issuer } = await startMtlsProvider(client, JWT_TOKENS)
    const { auth } = createApplication(issuer, { clientAuthentication })
    await expect(auth.getClientAccessToken()).rejects.toMatchObject({
      name: 'ConfigurationError',
      code: 'sender_constraint_refused',
    })
  })
})

it('S20: the tokens of a public client are requested and bound at the aliases', async () => {
  const client = {
    ...BOUND,
    token_endpoint_auth_method: 'none',
    grant_types: ['authorization_code', 'refresh_token'],
  }
  const { issuer, mtlsOrigin, forms } = await startMtlsProvider(client)
  const { auth, events } = createApplication(issuer, { clientAuthentication: none() })
  const user = await signInAt(auth)
  await user.get('/', async () => {
    const first = await auth.getUserAccessToken()
    const second = await auth.getUserAccessToken({ rejectedToken: first })
    expect(second?.value).not.toBe(first?.value)
    const userInfo = auth.createTokenFetch({ baseUrl: mtlsOrigin, fetch: certificateFetch })
    expect(await (await userInfo(`${mtlsOrigin}/me`)).json()).toMatchObject({ sub: 'alice' })
    // Without the certificate, the token is useless.
    expect((await auth.createTokenFetch({ baseUrl: issuer })(`${issuer}/me`)).status).toBe(401)
    return new Response()
  })
  expect(events.filter(({ type }) => type === 'user_info_failed')).toEqual([])
  expect(forms.length).toBeGreaterThanOrEqual(2)
})

it('a server that says that it binds no tokens is refused before anything is sent, and `check` reports it', async () => {
  const { issuer, forms } = await startMtlsProvider({
    ...BOUND,
    token_endpoint_auth_method: 'none',
    grant_types: ['authorization_code'],
  })
  const server = { issuer, endpoints: { tls_client_certificate_bound_access_tokens: false } }
  const { auth } = createApplication(issuer, { server, clientAuthentication: none() })
  expect(await auth.check()).toMatchObject([{ code: 'sender_constraint_refused', severity: 'error' }])
  expect(forms).toEqual([])
})
