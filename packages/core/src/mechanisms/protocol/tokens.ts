import type { TokenGrant } from '../../rules/session-record.ts'
import { parseJsonObject, readTokenResponse } from '../../rules/token-response.ts'
import type { ServerClock } from '../server-clock.ts'

/** A response of an endpoint. `body` is `undefined` if it is not acceptable JSON. */
export interface Answer {
  readonly response: Response
  readonly body: unknown
}

/** A response of the token endpoint. `grant` is absent if it is not a token response. */
export interface TokenAnswer extends Answer {
  readonly grant: TokenGrant | undefined
}

export async function answerOf(response: Response): Promise<Answer> {
  return { response, body: parseJsonObject(await response.text()) }
}

/** Sends a token request and reads the response (RFC 6749 §5). */
export async function requestTokens(
  request: () => Promise<Response>,
  serverClock: ServerClock,
): Promise<TokenAnswer> {
  const timeOfRequest = serverClock.startRequest()
  const { response, body } = await answerOf(await request())
  const grant = response.status === 200 ? readTokenResponse(body, timeOfRequest(response.headers)) : undefined
  return { response, body, grant }
}
