import { randomBytes, X509Certificate } from 'node:crypto'
import { exportJWK, generateKeyPair } from 'jose'
import { registerGrants, serverInfo } from './grants.mjs'

const SUBJECT = 'alice'
const SCOPE = 'openid offline_access read write'
const ALGORITHMS = ['ES256', 'PS256', 'EdDSA']
const LIFETIME_SECONDS = 300
const LONG_SECONDS = 86_400

/**
 * Creates an `oidc-provider` on which all items of the table are turned on. Clients register themselves (RFC 7591), so
 * that each row decides what its client must do.
 *
 * @param issuer - The URL at which the caller serves it.
 * @param mtlsUrl - The origin of the same endpoints that asks for a certificate.
 * @param trusted - An issuer whose signed assertions are accepted, for cross-app access.
 */
export async function createAuthorizationServer(issuer, mtlsUrl, trusted) {
  const keys = await generateKeyPair('ES256', { extractable: true })
  const provider = await createProvider(issuer, {
    clients: [],
    clientDefaults: { id_token_signed_response_alg: 'ES256', authorization_signed_response_alg: 'ES256' },
    clientAuthMethods: [
      'client_secret_basic',
      'client_secret_post',
      'client_secret_jwt',
      'private_key_jwt',
      'tls_client_auth',
      'self_signed_tls_client_auth',
      'none',
    ],
    enabledJWA: {
      clientAuthSigningAlgValues: [...ALGORITHMS, 'HS256'],
      authorizationSigningAlgValues: ['ES256'],
      requestObjectSigningAlgValues: ALGORITHMS,
      dPoPSigningAlgValues: ALGORITHMS,
    },
    // Such a client gets nonces, without which the token endpoint refuses its proofs.
    extraClientMetadata: { properties: ['requires_dpop_nonce'] },
    acrValues: ['silver', 'gold'],
    scopes: ['openid', 'offline_access', 'read', 'write'],
    rotateRefreshToken: true,
    issueRefreshToken: () => true,
    expiresWithSession: () => false,
    jwks: { keys: [{ ...(await exportJWK(keys.privateKey)), alg: 'ES256', use: 'sig' }] },
    cookies: { keys: [randomBytes(32).toString('base64url')] },
    findAccount: (_context, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
    interactions: { url: () => '/sign-in' },
    discovery: { mtls_endpoint_aliases: aliasesAt(mtlsUrl) },
    extraTokenClaims: ({ oidc }) => ({
      acr: oidc.entities.AuthorizationCode?.acr ?? oidc.entities.RefreshToken?.acr,
      ...(oidc.params.actor_token && { act: { sub: oidc.client.clientId } }),
    }),
    ttl: {
      AccessToken: LIFETIME_SECONDS,
      ClientCredentials: LIFETIME_SECONDS,
      DeviceCode: LIFETIME_SECONDS,
      Grant: LONG_SECONDS,
      IdToken: LONG_SECONDS,
      Interaction: LONG_SECONDS,
      RefreshToken: LONG_SECONDS,
      Session: LONG_SECONDS,
    },
    features: {
      devInteractions: { enabled: false },
      deviceFlow: { enabled: true },
      registration: { enabled: true, issueRegistrationAccessToken: false },
      clientCredentials: { enabled: true },
      revocation: { enabled: true },
      userinfo: { enabled: true },
      pushedAuthorizationRequests: { enabled: true },
      requestObjects: { enabled: true },
      jwtResponseModes: { enabled: true },
      richAuthorizationRequests: {
        enabled: true,
        types: { payment: { validate() {} } },
        authorizationDetailsForGrantSource: ({ oidc }) =>
          JSON.parse(oidc.params.authorization_details ?? '[]'),
        authorizationDetailsForAccessToken: (_context, _token, source) => source?.rar,
      },
      resourceIndicators: {
        enabled: true,
        useGrantedResource: () => true,
        defaultResource: (_context, _client, resources) => resources?.[0],
        getResourceServerInfo: (_context, resource) => serverInfo(resource),
      },
      dPoP: {
        enabled: true,
        nonceSecret: randomBytes(32),
        requireNonce: ({ oidc }) => oidc.client?.requires_dpop_nonce === true,
      },
      mTLS: {
        enabled: true,
        certificateBoundAccessTokens: true,
        selfSignedTlsClientAuth: true,
        tlsClientAuth: true,
        getCertificate: certificateOf,
        certificateAuthorized: ({ req }) => req.socket.authorized,
        certificateSubjectMatches: (context, _name, expected) => certificateOf(context)?.subject === expected,
      },
    },
  })
  registerGrants(provider, keys, trusted)
  const take = recordTokenRequests(provider)
  const answer = provider.callback()
  return {
    issuer,
    respond(request, response) {
      const { pathname, searchParams } = new URL(request.url, issuer)
      if (pathname === '/sign-in') void signIn(provider, request, response)
      else if (pathname === '/test/requests') response.end(JSON.stringify(take(searchParams.get('client'))))
      else answer(request, response)
    },
  }
}

/** Signs in every user who comes, with the `acr` and for the resources that the request asks for. */
async function signIn(provider, request, response) {
  const { params } = await provider.interactionDetails(request, response)
  const grant = new provider.Grant({ accountId: SUBJECT, clientId: params.client_id })
  grant.addOIDCScope(SCOPE)
  for (const resource of [params.resource ?? []].flat()) grant.addResourceScope(resource, 'read write')
  const login = { accountId: SUBJECT, acr: params.acr_values?.split(' ')[0] ?? 'silver' }
  await provider.interactionFinished(request, response, { login, consent: { grantId: await grant.save() } })
}

/**
 * Keeps each token request: its form, its result, and the order in which the requests began and ended.
 *
 * @returns A function that returns the requests of a client since its last call.
 */
function recordTokenRequests(provider) {
  let requests = []
  let order = 0
  provider.use(async (context, next) => {
    const begin = (order += 1)
    await next()
    const { oidc, status } = context
    if (oidc?.route !== 'token') return
    const { client, params, body } = oidc
    requests.push({
      clientId: client?.clientId,
      form: { ...body, ...params },
      authorization: context.get('authorization').split(' ')[0],
      hasProof: context.get('dpop') !== '',
      status,
      begin,
      end: (order += 1),
    })
  })
  return (clientId) => {
    const taken = requests.filter((each) => each.clientId === clientId)
    requests = requests.filter((each) => each.clientId !== clientId)
    return taken
  }
}

function aliasesAt(mtlsUrl) {
  const endpoints = { token: 'token', revocation: 'token/revocation', userinfo: 'me' }
  return Object.fromEntries(
    Object.entries(endpoints).map(([name, path]) => [`${name}_endpoint`, `${mtlsUrl}/${path}`]),
  )
}

/** The certificate of a request, if its client has presented one. */
function certificateOf({ req }) {
  const certificate = req.socket.getPeerCertificate?.()
  return certificate?.raw && new X509Certificate(certificate.raw)
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
