import type { ProofKey } from '../../model/proof-key.ts'
import type { RefreshResult } from '../../ports/authorization-server.ts'
import { findGrantProblem, type GrantExpectation, isAboutGrant } from '../../rules/protocol/grant-response.ts'
import type { Connection } from './connection.ts'
import {
  hasAccessToken,
  ownTokens,
  requestTokens,
  toOAuthError,
  toRefreshResult,
  toResultWithoutResponse,
  unusableGrant,
} from './token-request.ts'

/**
 * Requests a token with a grant that uses up nothing, such as a token exchange (RFC 8693) or a JWT (RFC 7523).
 *
 * Never throws. The request is aborted at the request timeout, because it can be repeated. A refresh token in the response is
 * not kept: when the token is due, the grant is used again.
 *
 * @param form - The parameters of the request, except `grant_type`.
 * @param knownKey - The key that the token is bound to, if tokens are bound. Default: a new one.
 * @param allowsOther - Whether the token can be one that is not an access token.
 */
export async function requestGrant(
  connection: Connection,
  grantType: string,
  form: URLSearchParams,
  expected: GrantExpectation,
  knownKey?: ProofKey,
  allowsOther?: boolean,
): Promise<RefreshResult> {
  const { authenticator, binding, fetchMetadata } = connection
  try {
    const metadata = await fetchMetadata()
    const authenticate = await authenticator.prepared()
    const proofKey = binding && (knownKey ?? (await binding.createKey()))
    const request = new URLSearchParams(form)
    request.set('grant_type', grantType)
    const result = await requestTokens(request, authenticate, metadata, connection, { proofKey, allowsOther })
    const { accessToken } = result.grant ?? {}
    const cause = toOAuthError(result)
    const problem = accessToken && findGrantProblem(result.body, accessToken.scope, expected)
    if (problem) return unusableGrant(result, problem)
    if (hasAccessToken(result.grant)) return { kind: 'refreshed', grant: ownTokens(result, proofKey) }
    const refusal = toRefreshResult(result, connection)
    if (isAboutGrant(refusal.kind, cause.error))
      return { kind: 'misconfigured', code: 'grant_refused', cause }
    return refusal.kind === 'sign_in_required' ? { ...refusal, code: 'login_required' } : refusal
  } catch (error) {
    return toResultWithoutResponse(error)
  }
}
