import * as oauth from 'oauth4webapi'
import type { RefreshResult } from '../../ports/authorization-server.ts'
import { findGrantProblem, type GrantExpectation, isAboutGrant } from '../../rules/protocol/grant-response.ts'
import type { Connection } from './connection.ts'
import {
  requestTokens,
  toOAuthError,
  toRefreshResult,
  toResultWithoutResponse,
  withReason,
} from './token-request.ts'

/** The `token_type` of a token that is not an access token (RFC 8693 §2.2.1). */
const NOT_ACCESS_TOKEN = 'N_A'

/**
 * Requests a token with a grant that uses up nothing, such as a token exchange (RFC 8693) or a JWT (RFC 7523).
 *
 * Never throws. The request is aborted at the request timeout, because it can be repeated. A refresh token in the response is
 * not kept: when the token is due, the grant is used again.
 *
 * @param form - The parameters of the request, except `grant_type`.
 * @param allowsOther - Whether the token can be one that is not an access token.
 */
export async function requestGrant(
  connection: Connection,
  grantType: string,
  form: URLSearchParams,
  expected: GrantExpectation,
  allowsOther = false,
): Promise<RefreshResult> {
  const { client, authenticator, wire, fetchMetadata, responseRules } = connection
  const tokenTypes = [...responseRules.tokenTypes, ...(allowsOther ? [NOT_ACCESS_TOKEN] : [])]
  try {
    const metadata = await fetchMetadata()
    const authenticate = await authenticator.prepared()
    const send = () =>
      oauth.genericTokenEndpointRequest(metadata, client, authenticate, grantType, form, wire)
    const rules = { ...connection, responseRules: { ...responseRules, tokenTypes } }
    const result = await requestTokens(send, metadata, rules)
    const { accessToken, unknownType } = result.grant ?? {}
    const cause = toOAuthError(result)
    const problem = accessToken && findGrantProblem(result.body, accessToken.scope, expected)
    if (problem) return { kind: 'misconfigured', code: problem, cause }
    if (accessToken ?? unknownType)
      return { kind: 'refreshed', grant: withReason({ accessToken, unknownType }, result) }
    const refusal = toRefreshResult(result, connection)
    if (isAboutGrant(refusal.kind, cause.error))
      return { kind: 'misconfigured', code: 'grant_refused', cause }
    return refusal.kind === 'sign_in_required' ? { ...refusal, code: 'login_required' } : refusal
  } catch (error) {
    return toResultWithoutResponse(error)
  }
}
