import { randomBytes } from 'node:crypto'
import { calculateJwkThumbprint, createRemoteJWKSet, decodeProtectedHeader, jwtVerify, SignJWT } from 'jose'

const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
const TOKEN_TYPE = 'urn:ietf:params:oauth:token-type:'

/** The access tokens of a resource server: JWTs. */
export function serverInfo(resource) {
  return {
    scope: 'read write',
    audience: resource,
    accessTokenFormat: 'jwt',
    jwt: { sign: { alg: 'ES256' } },
  }
}

/**
 * Adds RFC 8693, RFC 7523 and ID-JAG, in the way that the documentation of `oidc-provider` shows.
 *
 * @param keys - The pair of keys that the tokens are signed with.
 * @param trusted - An issuer whose signed assertions are accepted. By default, the client signs them with its secret.
 */
export function registerGrants(provider, { privateKey, publicKey }, trusted) {
  async function respond(context, accountId, grantId) {
    const { client, params } = context.oidc
    const resource = params.resource ?? `urn:${params.audience}`
    const scope = params.scope ?? 'read'
    const token = new provider.AccessToken({ accountId, client, grantId, scope, gty: 'exchange' })
    token.resourceServer = new provider.ResourceServer(resource, serverInfo(resource))
    const proof = context.get('dpop')
    if (proof) token.jkt = await calculateJwkThumbprint(decodeProtectedHeader(proof).jwk)
    context.body = {
      access_token: await token.save(),
      issued_token_type: `${TOKEN_TYPE}access_token`,
      token_type: proof ? 'DPoP' : 'Bearer',
      expires_in: token.expiration,
      scope,
    }
  }

  function refuse(context, error) {
    context.status = 400
    context.body = { error }
  }

  /** Finds the user of a token of this server: an opaque one, or a JWT, which it does not store. */
  async function findSubject(token) {
    const opaque = await provider.AccessToken.find(token)
    if (opaque) return opaque
    const verified = await jwtVerify(token, publicKey, { issuer: provider.issuer }).catch(() => undefined)
    return verified && { accountId: verified.payload.sub }
  }

  /** An assertion about the user, for the server of another application. */
  async function vouch(context, sub) {
    const { audience, resource, scope } = context.oidc.params
    const assertion = await new SignJWT({ sub, resource, scope })
      .setProtectedHeader({ alg: 'ES256', typ: 'oauth-id-jag+jwt' })
      .setIssuer(provider.issuer)
      .setAudience(audience)
      .setIssuedAt()
      .setExpirationTime('1 min')
      .setJti(randomBytes(16).toString('hex'))
      .sign(privateKey)
    const type = `${TOKEN_TYPE}id-jag`
    context.body = { access_token: assertion, issued_token_type: type, token_type: 'N_A', expires_in: 60 }
  }

  provider.registerGrantType(
    EXCHANGE,
    async (context) => {
      const { subject_token: subject, audience, requested_token_type: wanted } = context.oidc.params
      if (audience === 'forbidden') return refuse(context, 'invalid_target')
      const known = await findSubject(subject)
      if (!known) return refuse(context, 'invalid_request')
      if (wanted === `${TOKEN_TYPE}id-jag`) return vouch(context, known.accountId)
      await respond(context, known.accountId, known.grantId)
      if (audience === 'saml') context.body.issued_token_type = `${TOKEN_TYPE}saml2`
    },
    [
      'audience',
      'resource',
      'scope',
      'subject_token',
      'subject_token_type',
      'requested_token_type',
      'actor_token',
      'actor_token_type',
    ],
  )
  provider.registerGrantType(
    JWT_BEARER,
    async (context) => {
      const { assertion, requested_token_use: use } = context.oidc.params
      if (use === 'on_behalf_of') return respond(context, (await findSubject(assertion))?.accountId)
      const { client } = context.oidc
      const key = trusted
        ? createRemoteJWKSet(new URL(`${trusted}/jwks`))
        : new TextEncoder().encode(client.clientSecret)
      const verified = await jwtVerify(assertion, key, { audience: provider.issuer }).catch(() => undefined)
      if (!verified) return refuse(context, 'invalid_grant')
      await respond(context, verified.payload.sub)
    },
    ['audience', 'resource', 'scope', 'assertion', 'requested_token_use'],
  )
}
