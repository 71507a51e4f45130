import { clockTolerance } from 'oauth4webapi'
import type { ResponseMode } from '../../ports/authorization-mode.ts'
import { ConfigurationError, RequestRefusedError } from '../../vocabulary/index.ts'
import { acceptedAlgorithms, isAsymmetric } from '../../rules/protocol/signing-keys.ts'
import { createResponseMode } from './authorization-mode.ts'

/** The options of `jarm`. */
export interface JarmOptions {
  /**
   * The only accepted algorithm: `HS256`, or one with a public key, such as `ES256`. It is independent of
   * `server.idTokenSigningAlgorithm`.
   *
   * @default RS256 if `authorization_signing_alg_values_supported` of the metadata lists it, otherwise each algorithm with a
   * public key that it lists. If it is absent, the algorithms of ID tokens.
   */
  readonly algorithm?: string
}

/**
 * Requires that the authorization server signs its response to the browser, so that no one else can write one.
 *
 * @param mode - `query.jwt`: in the URL. `form_post.jwt`: in a form, which keeps the code out of URLs and logs, and works on
 *   https only. Default: `query.jwt`.
 * @param options - The algorithm of the signature.
 * @returns A value for the option `responseMode`.
 * @throws {ConfigurationError} If the mode or the algorithm is unknown.
 * @example
 *   evertoken({ ...options, responseMode: jarm() })
 * @see {@link https://openid.net/specs/oauth-v2-jarm-final.html#section-2.4 JARM, section 2.4: Processing rules}
 */
export function jarm(
  mode: 'query.jwt' | 'form_post.jwt' = 'query.jwt',
  { algorithm }: JarmOptions = {},
): ResponseMode {
  if (mode !== 'query.jwt' && mode !== 'form_post.jwt')
    throw invalid("The first argument of `jarm` must be 'query.jwt' or 'form_post.jwt'.")
  if (algorithm !== undefined && algorithm !== 'HS256' && !isAsymmetric(algorithm))
    throw invalid("The `algorithm` of `jarm` must be 'HS256' or one with a public key, such as 'ES256'.")
  return createResponseMode(mode, algorithm, async (parameters, { metadata, connection, signatures }) => {
    const { client, clock } = connection
    const token = parameters.get('response')
    // A page of Evertoken opens the callback again with only the state. A response without a signature is not used.
    if (token === null) return new URLSearchParams({ state: parameters.get('state') ?? '' })
    const { authorization_signing_alg_values_supported: listed } = metadata
    const areListed = algorithm !== undefined || listed !== undefined
    const algorithms = areListed ? acceptedAlgorithms(algorithm, listed) : signatures.accepted(metadata)
    const jwt = signatures.read(token, metadata, algorithms, 'the `algorithm` of `jarm`')
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

function invalid(message: string): ConfigurationError {
  return new ConfigurationError('invalid_option', message)
}

/** @param what - A text from Evertoken, never from the response. */
function refused(what: string): RequestRefusedError {
  const cause = { name: 'AuthorizationResponseError', code: 'JARM_RESPONSE' }
  const message = `Cannot sign in: the authorization response ${what}. Sign in again.`
  return new RequestRefusedError('authorization_response_invalid', message, { cause })
}
