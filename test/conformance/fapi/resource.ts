import { must } from '../verdict.ts'
import type { Incoming, Outgoing } from './incoming.ts'
import { createNonces } from './nonces.ts'
import type { ProviderContext } from './provider.ts'
import type { Tokens } from './tokens.ts'
import { SUBJECT } from './variant.ts'

const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i
/** The suite names Bearer in it, also if tokens are bound with DPoP. */
const REJECTED =
  'Bearer realm="conformance", error="invalid_token", error_description="Refresh the access token twice"'

/** The resources that need the access token. */
export interface Resource {
  userInfo(request: Incoming): Promise<Outgoing>
  accounts(request: Incoming): Promise<Outgoing>
}

export function createResource({ variant, deviations, checks }: ProviderContext, tokens: Tokens): Resource {
  const { nonces: asksForNonces = true, challengeScheme = 'DPoP', refreshesBeforeAccess = 0 } = deviations
  const nonces = createNonces(asksForNonces)

  /** Checks the token, and responds with a body. */
  async function guard(request: Incoming, body: object): Promise<Outgoing> {
    const { headers, url, form } = request
    must(
      !url.searchParams.has('access_token') && !form.has('access_token'),
      'the access token is not in the header',
    )
    const scheme = variant.senderConstraint === 'dpop' ? 'DPoP' : 'Bearer'
    const [, given = '', token = ''] = /^(\w+) (.+)$/.exec(headers.authorization ?? '') ?? []
    must(given.toLowerCase() === scheme.toLowerCase(), `the access token was sent as ${given}`)
    if (scheme === 'DPoP') {
      const proof = await checks.proof(request, token)
      if (!nonces.accepts(proof.nonce)) {
        const challenge = `${challengeScheme} error="use_dpop_nonce"`
        return { status: 401, headers: { 'www-authenticate': challenge, ...nonces.ask() } }
      }
      must(proof.key === tokens.key, 'the token is bound to another key')
    }
    must(token === tokens.accessToken, 'the access token is not the newest one')
    const answered = { status: 200, headers: nonces.spent(), body }
    nonces.renew()
    return answered
  }

  return {
    userInfo: (request) => guard(request, { sub: SUBJECT }),
    async accounts(request) {
      const { method, headers } = request
      must(method === 'GET', 'the resource was not requested with GET')
      const id = headers['x-fapi-interaction-id']
      must(id === undefined || UUID.test(String(id)), '`x-fapi-interaction-id` is not a UUID')
      if (tokens.refreshes < refreshesBeforeAccess)
        return { status: 401, headers: { 'www-authenticate': REJECTED } }
      return guard(request, { accounts: [] })
    },
  }
}
