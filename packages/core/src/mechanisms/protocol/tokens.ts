import type { Clock } from '../../ports/clock.ts'
import type { TokenGrant } from '../../rules/session-record.ts'
import { parseJsonObject, readTokenResponse } from '../../rules/token-response.ts'

/** An answer of an endpoint. `body` is `undefined` when it was no JSON that can be accepted. */
export interface Answer {
  readonly response: Response
  readonly body: unknown
}

/** `grant` is absent when it was no token response. */
export interface TokenAnswer extends Answer {
  readonly grant: TokenGrant | undefined
}

export async function answerOf(response: Response): Promise<Answer> {
  return { response, body: parseJsonObject(await response.text()) }
}

/** Reads what the token endpoint answers (RFC 6749 §5). */
export async function tokensOf(request: () => Promise<Response>, clock: Clock): Promise<TokenAnswer> {
  const sentAt = clock.now()
  const { response, body } = await answerOf(await request())
  return { response, body, grant: response.status === 200 ? readTokenResponse(body, sentAt) : undefined }
}
