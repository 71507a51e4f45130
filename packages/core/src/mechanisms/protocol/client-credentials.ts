import type { ProofKey } from '../../model/proof-key.ts'
import { exceedsGrant, type TokenParameters } from '../../model/token-parameters.ts'
import type { RefreshResult } from '../../ports/authorization-server.ts'
import type { Connection } from './connection.ts'
import {
  hasAccessToken,
  ownTokens,
  requestTokens,
  toRefreshResult,
  toResultWithoutResponse,
  unusableGrant,
} from './token-request.ts'
import { toForm } from './token-server.ts'

/**
 * Requests an access token for the client itself (RFC 6749 §4.4).
 *
 * Never throws. The request is aborted at the request timeout, because its response carries nothing that cannot be
 * requested again. A refresh token in the response is not used (RFC 6749 §4.4.3).
 *
 * @param knownKey - The key of the previous token. Tokens that are bound are all bound to the same one.
 */
export async function requestClientCredentials(
  connection: Connection,
  parameters: TokenParameters,
  knownKey?: ProofKey,
): Promise<RefreshResult> {
  const { authenticator, binding, fetchMetadata, scopeSeparator } = connection
  try {
    const metadata = await fetchMetadata()
    const authenticate = await authenticator.prepared()
    const form = toForm(parameters, scopeSeparator)
    form.set('grant_type', 'client_credentials')
    const proofKey = binding && (knownKey ?? (await binding.createKey()))
    const result = await requestTokens(form, authenticate, metadata, connection, { proofKey })
    if (!hasAccessToken(result.grant)) return toRefreshResult(result, connection)
    if (exceedsGrant(parameters.scope, result.grant?.accessToken?.scope))
      return unusableGrant(result, 'scope_not_granted')
    return { kind: 'refreshed', grant: ownTokens(result, proofKey) }
  } catch (error) {
    return toResultWithoutResponse(error)
  }
}
