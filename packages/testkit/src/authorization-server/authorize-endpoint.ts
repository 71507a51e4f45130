import type { CodeRequest, Codes } from './codes.ts'
import { metadataOf } from './metadata.ts'
import type { IncomingRequest, Tweaks, World } from './model.ts'
import { refuseRepeated, required, resourcesIn } from './parameters.ts'
import { respondToClient } from './redirect-response.ts'
import { Refusal } from './refusal.ts'

/** Approves immediately for the user who is signed in. `login_hint` selects another user. */
export function authorize(
  world: World,
  codes: Codes,
  { parameters }: IncomingRequest,
  tweaks: Tweaks,
): Response {
  const target = redirectTarget(world, parameters)
  const mode = parameters.get('response_mode') === 'form_post' ? 'form_post' : 'query'
  const { authorization_response_iss_parameter_supported: hasIssuer } = metadataOf(world)
  const iss = hasIssuer ? world.issuer() : undefined
  const state = parameters.get('state') ?? undefined
  return respondToClient(
    target,
    { iss, state, ...outcome(world, codes, parameters) },
    mode,
    tweaks.parameters,
  )
}

function outcome(world: World, codes: Codes, parameters: URLSearchParams): Record<string, string> {
  try {
    return { code: codes.issue(codeRequest(world, parameters)) }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return { error: error.error, error_description: error.message }
  }
}

/** Until both are known to belong together, an error is shown here and never sent to the redirect URI. */
function redirectTarget({ clients }: World, parameters: URLSearchParams): URL {
  const client = clients.find(({ id }) => id === parameters.get('client_id'))
  if (!client) throw new Refusal('invalid_client', 'The client is unknown')
  const uri = parameters.get('redirect_uri') ?? ''
  if (!URL.canParse(uri) || (client.redirectUris && !client.redirectUris.includes(uri))) {
    throw new Refusal('invalid_request', 'The redirect_uri is not registered')
  }
  return new URL(uri)
}

function codeRequest(world: World, parameters: URLSearchParams): CodeRequest {
  refuseRepeated(parameters)
  refuseUnsupported(parameters)
  const user = userFor(world, parameters)
  const nonce = parameters.get('nonce')
  const acr = parameters.get('acr_values')?.split(' ')[0]
  return {
    clientId: required(parameters, 'client_id'),
    redirectUri: required(parameters, 'redirect_uri'),
    codeChallenge: required(parameters, 'code_challenge'),
    sub: user.sub,
    scope: parameters.get('scope') ?? '',
    resource: resourcesIn(parameters),
    authTime: Math.floor(world.clock.now()),
    ...(user.claims && { claims: user.claims }),
    ...(nonce !== null && { nonce }),
    ...(acr && { acr }),
  }
}

function refuseUnsupported(parameters: URLSearchParams) {
  if (required(parameters, 'response_type') !== 'code') {
    throw new Refusal('unsupported_response_type', "Only the response_type 'code' is supported")
  }
  if (!['query', 'form_post'].includes(parameters.get('response_mode') ?? 'query')) {
    throw new Refusal('invalid_request', "Only the response_modes 'query' and 'form_post' are supported")
  }
  if (parameters.get('code_challenge_method') !== 'S256') {
    throw new Refusal('invalid_request', 'PKCE with S256 is required')
  }
}

function userFor(world: World, parameters: URLSearchParams) {
  const user = world.user()
  const hint = parameters.get('login_hint')
  if (user) return hint && hint !== user.sub ? { sub: hint } : user
  const silent = parameters.get('prompt') === 'none'
  throw new Refusal(silent ? 'login_required' : 'access_denied', 'No user is signed in')
}
