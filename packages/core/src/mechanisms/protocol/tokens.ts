import type { AuthorizationServer } from 'oauth4webapi'
import type { TokenGrant } from '../../rules/session-record.ts'
import { readTokenResponse } from '../../rules/token-response.ts'
import type { Answer, Connection } from './connection.ts'

/** `grant` is absent when it was no token response. */
export interface TokenAnswer extends Answer {
  readonly grant: TokenGrant | undefined
}

/** Asks the token endpoint for tokens (RFC 6749 §4.1.3, §6). */
export async function requestTokens(
  { clock, post }: Connection,
  server: AuthorizationServer,
  form: URLSearchParams,
): Promise<TokenAnswer> {
  const sentAt = clock.now()
  const { response, body } = await post(server, 'token_endpoint', form)
  return { response, body, grant: response.status === 200 ? readTokenResponse(body, sentAt) : undefined }
}
