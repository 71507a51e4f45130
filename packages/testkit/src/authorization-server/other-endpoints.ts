import { authenticateClient, clientSecret } from './client-authentication.ts'
import type { Grant } from './grants.ts'
import type { Client, IncomingRequest, Tweaks, World } from './model.ts'
import { refuseRepeated, required } from './parameters.ts'
import { respondToClient } from './redirect-response.ts'
import { Refusal } from './refusal.ts'

/** RFC 7009: an unknown token is not an error, and a refresh token ends the whole grant. */
export function revoke(world: World, request: IncomingRequest): Response {
  if (request.method !== 'POST')
    throw new Refusal('invalid_request', 'The revocation endpoint takes POST', 405)
  refuseRepeated(request.parameters)
  const client = authenticateClient(world.clients, request)
  world.grants.revoke(required(request.parameters, 'token'), client.id)
  return new Response(null, { status: 200, headers: { 'cache-control': 'no-store' } })
}

/** OpenID Connect Core section 5.3. */
export async function userinfo(world: World, { headers }: IncomingRequest): Promise<Response> {
  const bearer = /^bearer +(.+)$/i.exec(headers.get('authorization') ?? '')?.[1]
  const known = world.grants.accessToken(bearer ?? '')
  if (known) return describeUser(world, known.grant)
  const challenge = bearer === undefined ? 'Bearer' : 'Bearer error="invalid_token"'
  return new Response(null, { status: 401, headers: { 'www-authenticate': challenge } })
}

async function describeUser(world: World, { claims, sub, clientId }: Grant): Promise<Response> {
  const { userInfoAlgorithm: algorithm } = world
  if (algorithm === undefined) return Response.json({ ...claims, sub })
  const signed = { ...claims, sub, iss: world.issuer(), aud: clientId }
  const jwt = await world.signer.sign(signed, { algorithm, secret: clientSecret(world.clients, clientId) })
  return new Response(jwt, { headers: { 'content-type': 'application/jwt' } })
}

/** OpenID Connect RP-Initiated Logout section 2. */
export async function endSession(
  world: World,
  { parameters }: IncomingRequest,
  tweaks: Tweaks,
): Promise<Response> {
  const client = await loggedOutClient(world, parameters)
  const uri = parameters.get('post_logout_redirect_uri')
  if (uri === null) return new Response('You are signed out', { headers: { 'content-type': 'text/plain' } })
  const registered = client?.postLogoutRedirectUris
  if (!client || !URL.canParse(uri) || (registered && !registered.includes(uri))) {
    throw new Refusal('invalid_request', 'The post_logout_redirect_uri is not registered')
  }
  const state = parameters.get('state') ?? undefined
  return respondToClient(new URL(uri), { state }, 'query', tweaks.parameters)
}

async function loggedOutClient(world: World, parameters: URLSearchParams): Promise<Client | undefined> {
  const hint = parameters.get('id_token_hint')
  const secret = clientSecret(world.clients, parameters.get('client_id'))
  const claims = hint === null ? undefined : await world.signer.verify(hint, secret)
  if (hint !== null && claims?.['iss'] !== world.issuer()) {
    throw new Refusal('invalid_request', 'The id_token_hint was not issued here')
  }
  const id = parameters.get('client_id') ?? claims?.['aud']
  if (claims && claims['aud'] !== id)
    throw new Refusal('invalid_request', 'The id_token_hint is for another client')
  return world.clients.find((client) => client.id === id)
}
