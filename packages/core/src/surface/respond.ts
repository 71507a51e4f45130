import { decoded, dropCdnOrders, endToEnd } from '../rules/passed-on-headers.ts'
import { ConfigurationError } from '../vocabulary/index.ts'
import type { BoundSession } from './bound-session.ts'

/**
 * Adds what the browser has to be told. S25: whatever carries `Set-Cookie` is not to be cached.
 *
 * @throws ConfigurationError when it is no response that can be sent.
 */
export async function withCookies(bound: BoundSession, response: Response): Promise<Response> {
  if (typeof response?.headers?.get !== 'function') throw notSendable('must return a Response')
  if (response.bodyUsed)
    throw notSendable('has returned a Response whose body is used: make one for each request')
  const result = await completed(bound, response)
  bound.responses.passTo(result)
  return result
}

async function completed({ session, responses }: BoundSession, response: Response): Promise<Response> {
  await session.settle()
  // A WebSocket hangs on its very response; the next one brings the cookies.
  if (response.status === 101) return response
  const cookies = session.takeCookies()
  const isFetched = responses.haveBrought(response)
  if (cookies.length === 0 && !isFetched) return response
  const headers = isFetched ? decoded(endToEnd(response.headers)) : new Headers(response.headers)
  for (const cookie of cookies) headers.append('set-cookie', cookie)
  if (cookies.length > 0) {
    headers.set('cache-control', 'no-store')
    dropCdnOrders(headers)
  }
  const { status, statusText } = response
  return new Response(response.body, { status, statusText, headers })
}

function notSendable(problem: string): ConfigurationError {
  return new ConfigurationError('response_not_sendable', `Cannot answer the request: the handler ${problem}`)
}
