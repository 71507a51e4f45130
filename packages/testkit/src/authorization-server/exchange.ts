import type { AccessToken, Grant } from './grants.ts'
import type { Client, World } from './model.ts'
import { required, resourcesIn } from './parameters.ts'
import { Refusal } from './refusal.ts'
import type { Issue } from './token-endpoint.ts'

export const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
export const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
const ID_TOKEN = 'urn:ietf:params:oauth:token-type:id_token'
const ID_JAG = 'urn:ietf:params:oauth:token-type:id-jag'
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token'

/** RFC 8693: an access token of this server for another one, which lives as long as the grant of the first one. */
export function exchangeToken(world: World, client: Client, parameters: URLSearchParams): Issue {
  const subject = subjectToken(world, parameters)
  const actorToken = parameters.get('actor_token')
  const actor = actorToken === null ? undefined : knownToken(world, actorToken).grant.sub
  const issuedType = parameters.get('requested_token_type') ?? ACCESS_TOKEN
  return issueFor(client, parameters, subject.grant, {
    scope: parameters.get('scope') ?? subject.scope,
    extra: actor === undefined ? {} : { actor },
    members: {
      issued_token_type: issuedType,
      ...(issuedType === ID_JAG && { access_token: assertionFor(world, client, subject), token_type: 'N_A' }),
    },
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

type Subject = Pick<AccessToken, 'grant' | 'scope'>

/** An access token of this server, or an ID token for a grant that is alive. */
function subjectToken(world: World, parameters: URLSearchParams): Subject {
  const token = required(parameters, 'subject_token')
  if (parameters.get('subject_token_type') !== ID_TOKEN) return knownToken(world, token)
  const grant = world.grants.find(subjectOf(token))
  if (!grant || !world.grants.isAlive(grant)) throw new Refusal('invalid_grant', 'The grant has ended')
  return { grant, scope: grant.scope }
}

/** An identity assertion without a signature. The model server does not check signatures of assertions. */
function assertionFor(world: World, client: Client, { grant }: Subject): string {
  const claims = { iss: world.issuer(), sub: grant.sub, client_id: client.id }
  return `${btoa('{"alg":"none"}')}.${btoa(JSON.stringify(claims))}.`
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
