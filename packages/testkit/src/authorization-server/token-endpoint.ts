import { authenticateClient, clientSecret } from './client-authentication.ts'
import type { Codes } from './codes.ts'
import { exchangeToken, JWT_BEARER, redeemAssertion, TOKEN_EXCHANGE } from './exchange.ts'
import type { Grant } from './grants.ts'
import { changeClaims } from './id-token.ts'
import type { Client, IncomingRequest, TokenResponse, Tweaks, World } from './model.ts'
import { refuseRepeated, required, resourcesIn } from './parameters.ts'
import { Refusal } from './refusal.ts'

const ID_TOKEN_SECONDS = 3600

/** Everything else a request carries is an extra parameter, reflected by introspection. */
const KNOWN = new Set([
  'grant_type',
  'client_id',
  'client_secret',
  'code',
  'redirect_uri',
  'code_verifier',
  'refresh_token',
  'scope',
  'resource',
])

export interface Issue {
  readonly grant: Grant
  readonly scope: string
  readonly resource: readonly string[]
  readonly extra: Readonly<Record<string, string>>
  readonly refreshToken?: string | undefined
  readonly withNonce: boolean
  readonly withIdToken?: boolean
  /** More members of the response. */
  readonly members?: Readonly<Record<string, string>>
  readonly expiresIn?: number
}

export async function token(
  world: World,
  codes: Codes,
  request: IncomingRequest,
  tweaks: Tweaks,
): Promise<Response> {
  const { parameters } = request
  if (request.method !== 'POST') throw new Refusal('invalid_request', 'The token endpoint takes POST', 405)
  refuseRepeated(parameters)
  const client = authenticateClient(world.clients, request)
  const issue = await redeem(world, codes, client, parameters, tweaks)
  return Response.json(
    { ...(await answer(world, issue, tweaks)), ...world.tokenResponse },
    {
      headers: { 'cache-control': 'no-store', pragma: 'no-cache' },
    },
  )
}

async function redeem(
  world: World,
  codes: Codes,
  client: Client,
  parameters: URLSearchParams,
  tweaks: Tweaks,
): Promise<Issue> {
  const grantType = required(parameters, 'grant_type')
  if (grantType === 'refresh_token') return redeemRefreshToken(world, client, parameters, tweaks)
  if (grantType === 'authorization_code') return redeemCode(world, codes, client, parameters)
  if (grantType === 'client_credentials') return grantToClient(world, client, parameters)
  if (grantType === TOKEN_EXCHANGE) return exchangeToken(world, client, parameters)
  if (grantType === JWT_BEARER) return redeemAssertion(world, client, parameters)
  throw new Refusal('unsupported_grant_type', 'The grant_type is not supported')
}

async function redeemCode(
  world: World,
  codes: Codes,
  client: Client,
  parameters: URLSearchParams,
): Promise<Issue> {
  const resource = resourcesIn(parameters)
  const grant = await codes.redeem({
    code: required(parameters, 'code'),
    clientId: client.id,
    redirectUri: parameters.get('redirect_uri') ?? undefined,
    codeVerifier: parameters.get('code_verifier') ?? undefined,
  })
  return {
    grant,
    scope: grant.scope,
    resource: resource.length > 0 ? resource : grant.resource,
    extra: extraIn(parameters),
    refreshToken: world.grants.issueRefreshToken(grant),
    withNonce: true,
  }
}

/** RFC 6749 section 4.4: a token for the client itself, without a refresh token. */
function grantToClient(world: World, client: Client, parameters: URLSearchParams): Issue {
  if (client.secret === undefined) throw new Refusal('unauthorized_client', 'The client has no secret')
  const resource = resourcesIn(parameters)
  const scope = parameters.get('scope') ?? ''
  const authTime = Math.floor(world.clock.now())
  const grant = world.grants.open({ clientId: client.id, sub: client.id, scope, resource, authTime })
  return { grant, scope, resource, extra: extraIn(parameters), withNonce: false, withIdToken: false }
}

/** Everything that can be refused is refused before the token is spent; and nothing here waits. */
function redeemRefreshToken(
  world: World,
  client: Client,
  parameters: URLSearchParams,
  tweaks: Tweaks,
): Issue {
  const presented = required(parameters, 'refresh_token')
  const requested = resourcesIn(parameters)
  const grant = world.grants.checkRefreshToken(presented, client.id)
  const scope = scopeWithin(grant.scope, parameters.get('scope'))
  const resource = requested.length > 0 ? requested : grant.resource
  const refreshToken = tweaks.keepRefreshToken ? undefined : world.grants.rotate(presented)
  return { grant, scope, resource, extra: extraIn(parameters), refreshToken, withNonce: false }
}

/** RFC 6749 section 6: a refresh may ask for less, never for more. */
function scopeWithin(granted: string, requested: string | null): string {
  if (requested === null) return granted
  const allowed = new Set(granted.split(' '))
  if (requested.split(' ').some((scope) => !allowed.has(scope))) {
    throw new Refusal('invalid_scope', 'The scope exceeds the granted scope')
  }
  return requested
}

function extraIn(parameters: URLSearchParams): Record<string, string> {
  return Object.fromEntries([...parameters].filter(([name]) => !KNOWN.has(name)))
}

/** Issues the tokens immediately, and only then waits for the signature. */
export async function answer(world: World, issue: Issue, tweaks: Tweaks = {}): Promise<TokenResponse> {
  const { grant, resource, extra, refreshToken } = issue
  const scope = tweaks.scope ?? issue.scope
  const expiresIn = issue.expiresIn ?? world.accessTokenSeconds
  const accessToken = world.grants.issueAccessToken({ grant, scope, resource, extra }, expiresIn)
  const wantsIdToken = tweaks.idToken ?? issue.withIdToken ?? grant.scope.split(' ').includes('openid')
  return {
    access_token: accessToken,
    token_type: 'Bearer',
    expires_in: expiresIn,
    scope,
    ...issue.members,
    ...(refreshToken !== undefined && { refresh_token: refreshToken }),
    ...(wantsIdToken && { id_token: await idTokenFor(world, issue, accessToken, tweaks) }),
  }
}

/** OpenID Connect Core section 2, and section 12.2 for a refreshed one: no nonce. */
async function idTokenFor(
  world: World,
  { grant, withNonce }: Issue,
  accessToken: string,
  { idToken = {} }: Tweaks,
): Promise<string> {
  const now = Math.floor(world.clock.now())
  const correct = {
    ...grant.claims,
    iss: world.issuer(),
    sub: grant.sub,
    aud: grant.clientId,
    exp: now + ID_TOKEN_SECONDS,
    iat: now,
    auth_time: grant.authTime,
    sid: grant.sid,
    at_hash: await world.signer.hash(accessToken, idToken.algorithm),
    ...(withNonce && grant.nonce !== undefined && { nonce: grant.nonce }),
    ...(grant.acr !== undefined && { acr: grant.acr }),
  }
  const { claims, ...signature } = idToken
  const secret = clientSecret(world.clients, grant.clientId)
  return world.signer.sign(changeClaims(correct, claims), { ...signature, secret })
}
