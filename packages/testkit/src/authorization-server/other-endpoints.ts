import { authenticateClient } from './client-authentication.ts'
import type { Client, IncomingRequest, World } from './model.ts'
import { refuseRepeated, required } from './parameters.ts'
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

export function userinfo({ grants }: World, { headers }: IncomingRequest): Response {
  const bearer = /^bearer +(.+)$/i.exec(headers.get('authorization') ?? '')?.[1]
  const known = grants.accessToken(bearer ?? '')
  if (known) return Response.json({ ...known.grant.claims, sub: known.grant.sub })
  const challenge = bearer === undefined ? 'Bearer' : 'Bearer error="invalid_token"'
  return new Response(null, { status: 401, headers: { 'www-authenticate': challenge } })
}

/** OpenID Connect RP-Initiated Logout section 2. */
export async function endSession(world: World, { parameters }: IncomingRequest): Promise<Response> {
  const client = await loggedOutClient(world, parameters)
  const uri = parameters.get('post_logout_redirect_uri')
  if (uri === null) return new Response('You are signed out', { headers: { 'content-type': 'text/plain' } })
  const registered = client?.postLogoutRedirectUris
  if (!client || !URL.canParse(uri) || (registered && !registered.includes(uri))) {
    throw new Refusal('invalid_request', 'The post_logout_redirect_uri is not registered')
  }
  const target = new URL(uri)
  const state = parameters.get('state')
  if (state !== null) target.searchParams.set('state', state)
  return new Response(null, { status: 302, headers: { location: target.href } })
}

async function loggedOutClient(world: World, parameters: URLSearchParams): Promise<Client | undefined> {
  const hint = parameters.get('id_token_hint')
  const claims = hint === null ? undefined : await world.signer.verify(hint)
  if (hint !== null && claims?.['iss'] !== world.issuer()) {
    throw new Refusal('invalid_request', 'The id_token_hint was not issued here')
  }
  const id = parameters.get('client_id') ?? claims?.['aud']
  if (claims && claims['aud'] !== id)
    throw new Refusal('invalid_request', 'The id_token_hint is for another client')
  return world.clients.find((client) => client.id === id)
}
