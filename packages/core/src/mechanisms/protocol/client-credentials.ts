import * as oauth from 'oauth4webapi'
import type { TokenParameters } from '../../model/token-parameters.ts'
import type { RefreshResult } from '../../ports/authorization-server.ts'
import type { Connection } from './connection.ts'
import {
  hasAccessToken,
  requestTokens,
  toRefreshResult,
  toResultWithoutResponse,
  withReason,
} from './token-request.ts'
import { toForm } from './token-server.ts'

/**
 * Requests an access token for the client itself (RFC 6749 §4.4).
 *
 * Never throws. The request is aborted at the request timeout, because its response carries nothing that cannot be
 * requested again. A refresh token in the response is not used (RFC 6749 §4.4.3).
 */
export async function requestClientCredentials(
  connection: Connection,
  parameters: TokenParameters,
): Promise<RefreshResult> {
  const { client, authenticator, wire, fetchMetadata, scopeSeparator } = connection
  try {
    const metadata = await fetchMetadata()
    const authenticate = await authenticator.prepared()
    const form = toForm(parameters, scopeSeparator)
    const send = () => oauth.clientCredentialsGrantRequest(metadata, client, authenticate, form, wire)
    const result = await requestTokens(send, metadata, connection)
    if (!hasAccessToken(result.grant)) return toRefreshResult(result, connection)
    const { accessToken, unknownType } = result.grant ?? {}
    return { kind: 'refreshed', grant: withReason({ accessToken, unknownType }, result) }
  } catch (error) {
    return toResultWithoutResponse(error)
  }
}
