import { clockTolerance } from 'oauth4webapi'
import type { ResponseMode } from '../../ports/authorization-mode.ts'
import { ConfigurationError, RequestRefusedError } from '../../vocabulary/index.ts'
import { createResponseMode } from './authorization-mode.ts'

/**
 * Requires that the authorization server signs its response to the browser, so that no one else can write one.
 *
 * @param mode - `query.jwt`: in the URL. `form_post.jwt`: in a form, which keeps the code out of URLs and logs, and works on
 *   https only. Default: `query.jwt`.
 * @returns A value for the option `responseMode`.
 * @throws {ConfigurationError} If the mode is unknown.
 * @example
 *   evertoken({ ...options, responseMode: jarm() })
 * @see {@link https://openid.net/specs/oauth-v2-jarm-final.html#section-2.4 JARM, section 2.4: Processing rules}
 */
export function jarm(mode: 'query.jwt' | 'form_post.jwt' = 'query.jwt'): ResponseMode {
  if (mode !== 'query.jwt' && mode !== 'form_post.jwt')
    throw new ConfigurationError(
      'invalid_option',
      "The argument of `jarm` must be 'query.jwt' or 'form_post.jwt'.",
    )
  return createResponseMode(mode, async (parameters, { metadata, connection, signatures }) => {
    const { client, clock } = connection
    const token = parameters.get('response')
    // A page of Evertoken opens the callback again with only the state. A response without a signature is not used.
    if (token === null) return new URLSearchParams({ state: parameters.get('state') ?? '' })
    const { authorization_signing_alg_values_supported: listed } = metadata
    const algorithms = listed && { id_token_signing_alg_values_supported: listed }
    const jwt = signatures.read(token, { ...metadata, ...algorithms })
    if (typeof jwt === 'string') throw refused(jwt)
    const { iss, aud, exp } = jwt.claims
    if (iss !== metadata.issuer || ![aud].flat().includes(client.client_id))
      throw refused('is from another server, or for another client')
    if (!(Number(exp) + (client[clockTolerance] ?? 0) > clock.now())) throw refused('has expired')
    if (!(await signatures.isSigned(token, jwt, metadata, 'anyone')))
      throw refused('is not signed with a key of the authorization server')
    const members = Object.entries(jwt.claims).filter(
      ([name, value]) => name !== 'aud' && typeof value === 'string',
    )
    return new URLSearchParams(members as [string, string][])
  })
}

/** @param what - A text from Evertoken, never from the response. */
function refused(what: string): RequestRefusedError {
  const cause = { name: 'AuthorizationResponseError', code: 'JARM_RESPONSE' }
  const message = `Cannot sign in: the authorization response ${what}. Sign in again.`
  return new RequestRefusedError('authorization_response_invalid', message, { cause })
}
