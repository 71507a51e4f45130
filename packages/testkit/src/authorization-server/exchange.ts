import type { Grant } from './grants.ts'
import type { Client, World } from './model.ts'
import { required, resourcesIn } from './parameters.ts'
import { Refusal } from './refusal.ts'
import type { Issue } from './token-endpoint.ts'

export const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
export const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token'

/** RFC 8693: an access token of this server for another one, which lives as long as the grant of the first one. */
export function exchangeToken(world: World, client: Client, parameters: URLSearchParams): Issue {
  const subject = knownToken(world, required(parameters, 'subject_token'))
  const actorToken = parameters.get('actor_token')
  const actor = actorToken === null ? undefined : knownToken(world, actorToken).grant.sub
  const issuedType = parameters.get('requested_token_type') ?? ACCESS_TOKEN
  return issueFor(client, parameters, subject.grant, {
    scope: parameters.get('scope') ?? subject.scope,
    extra: actor === undefined ? {} : { actor },
    members: { issued_token_type: issuedType },
  })
}

/**
 * RFC 7523: the assertion is a JWT, whose signature is not checked, or with `requested_token_use` an access token of this server.
 */
export function redeemAssertion(world: World, client: Client, parameters: URLSearchParams): Issue {
  const assertion = required(parameters, 'assertion')
  const scope = parameters.get('scope') ?? ''
  if (parameters.get('requested_token_use') === 'on_behalf_of')
    return issueFor(client, parameters, knownToken(world, assertion).grant, { scope })
  const sub = subjectOf(assertion)
  const known = world.grants.find(sub)
  const authTime = Math.floor(world.clock.now())
  const open = () => world.grants.open({ clientId: client.id, sub, scope, resource: [], authTime })
  return issueFor(client, parameters, known && world.grants.isAlive(known) ? known : open(), { scope })
}

function issueFor(
  client: Client,
  parameters: URLSearchParams,
  grant: Grant,
  { extra = {}, ...rest }: Pick<Issue, 'scope'> & Partial<Pick<Issue, 'extra' | 'members'>>,
): Issue {
  if (client.secret === undefined) throw new Refusal('unauthorized_client', 'The client has no secret')
  const audience = parameters.get('audience')
  return {
    ...rest,
    grant,
    resource: resourcesIn(parameters),
    extra: { ...extra, ...(audience !== null && { audience }) },
    withNonce: false,
    withIdToken: false,
  }
}

function knownToken(world: World, token: string) {
  const known = world.grants.accessToken(token)
  if (!known) throw new Refusal('invalid_grant', 'The token is not a valid access token of this server')
  return known
}

function subjectOf(assertion: string): string {
  try {
    const payload = atob((assertion.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/'))
    const { sub } = JSON.parse(payload) as { readonly sub?: unknown }
    if (typeof sub === 'string') return sub
  } catch {
    // The error below names the problem.
  }
  throw new Refusal('invalid_grant', 'The assertion is not a JWT with a subject')
}
