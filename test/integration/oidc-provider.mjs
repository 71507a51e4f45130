import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import { exportJWK, generateKeyPair, jwtVerify } from 'jose'

const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token'
const SUB = 'alice'
const SCOPE = 'openid offline_access read write'

/** An `oidc-provider` on loopback with one confidential client. Refresh tokens rotate, and access tokens are JWTs. */
export async function startOidcProvider() {
  const http = createServer()
  await new Promise((resolve) => http.listen(0, '127.0.0.1', resolve))
  const issuer = `http://127.0.0.1:${http.address().port}`
  const client = { id: 'web', secret: randomBytes(24).toString('hex') }
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
  const provider = await createProvider(issuer, {
    clients: [
      {
        client_id: client.id,
        client_secret: client.secret,
        grant_types: ['authorization_code', 'refresh_token', 'client_credentials', EXCHANGE, JWT_BEARER],
        redirect_uris: ['http://127.0.0.1/auth/callback'],
        id_token_signed_response_alg: 'ES256',
      },
    ],
    scopes: ['openid', 'offline_access', 'read', 'write'],
    rotateRefreshToken: true,
    jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: 'ES256' }] },
    cookies: { keys: [randomBytes(32).toString('base64url')] },
    findAccount: (_context, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
    extraTokenClaims: (context) =>
      context?.oidc.params.actor_token && { act: { sub: context.oidc.client.clientId } },
    ttl: { AccessToken: 300, ClientCredentials: 300, RefreshToken: 86_400, Grant: 86_400, IdToken: 3600 },
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        useGrantedResource: () => true,
        defaultResource: (_context, _client, resources) => resources?.[0],
        getResourceServerInfo: (_context, resource) => serverInfo(resource),
      },
    },
  })
  registerGrants(provider)

  /** Issues the tokens of a sign-in, for these resources. */
  async function issue(resources) {
    const registered = await provider.Client.find(client.id)
    const grant = new provider.Grant({ accountId: SUB, clientId: client.id })
    grant.addOIDCScope(SCOPE)
    for (const resource of resources) grant.addResourceScope(resource, 'read write')
    const grantId = await grant.save()
    const common = { accountId: SUB, client: registered, grantId, gty: 'authorization_code', scope: SCOPE }
    const accessToken = new provider.AccessToken(common)
    const refreshToken = new provider.RefreshToken({ ...common, resource: resources })
    return {
      access_token: await accessToken.save(),
      refresh_token: await refreshToken.save(),
      token_type: 'Bearer',
      expires_in: 300,
      scope: SCOPE,
    }
  }

  const requests = []
  let running = 0
  const answer = provider.callback()
  http.on('request', (request, response) => {
    if (request.method !== 'POST' || request.url !== '/token') return answer(request, response)
    requests.push({ concurrent: (running += 1) })
    response.once('close', () => running--)
    return answer(request, response)
  })
  return {
    issuer,
    client,
    issue,
    requests,
    verify: async (token, audience) => (await jwtVerify(token, publicKey, { issuer, audience })).payload,
    isGrantAlive: async (token) => (await provider.RefreshToken.find(token)) !== undefined,
    stop() {
      http.close()
      http.closeAllConnections()
    },
  }
}

function serverInfo(resource) {
  return {
    scope: 'read write',
    audience: resource,
    accessTokenFormat: 'jwt',
    jwt: { sign: { alg: 'ES256' } },
  }
}

/** RFC 8693 and RFC 7523, in the way that the documentation of `oidc-provider` shows. */
function registerGrants(provider) {
  async function respond(context, accountId, grantId) {
    const { client, params } = context.oidc
    const resource = params.resource ?? `urn:${params.audience}`
    const token = new provider.AccessToken({
      accountId,
      client,
      grantId,
      scope: params.scope ?? 'read',
      gty: 'x',
    })
    token.resourceServer = new provider.ResourceServer(resource, serverInfo(resource))
    context.body = {
      access_token: await token.save(),
      issued_token_type: ACCESS_TOKEN,
      token_type: 'Bearer',
      expires_in: token.expiration,
      scope: token.scope,
    }
  }

  function refuse(context, error) {
    context.status = 400
    context.body = { error }
  }

  provider.registerGrantType(
    EXCHANGE,
    async (context) => {
      const { subject_token: subject, audience } = context.oidc.params
      if (audience === 'forbidden') return refuse(context, 'invalid_target')
      const known = await provider.AccessToken.find(subject)
      if (!known) return refuse(context, 'invalid_request')
      await respond(context, known.accountId, known.grantId)
    },
    [
      'audience',
      'resource',
      'scope',
      'subject_token',
      'subject_token_type',
      'actor_token',
      'actor_token_type',
    ],
  )
  provider.registerGrantType(
    JWT_BEARER,
    async (context) => {
      const key = new TextEncoder().encode(context.oidc.client.clientSecret)
      const { assertion } = context.oidc.params
      const verified = await jwtVerify(assertion, key, { audience: provider.issuer }).catch(() => undefined)
      if (!verified) return refuse(context, 'invalid_grant')
      await respond(context, verified.payload.sub)
    },
    ['audience', 'resource', 'scope', 'assertion'],
  )
}

/** oidc-provider warns that it keeps everything in memory, which is the point here. */
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
