import { CDN_ORDERS, without } from '../rules/passed-on-headers.ts'
import { ConfigurationError } from '../vocabulary/index.ts'
import type { BoundSession } from './bound-session.ts'

/**
 * Adds what the browser has to be told. S25: whatever carries `Set-Cookie` is not to be cached.
 *
 * @throws ConfigurationError when it is no response that can be sent.
 */
export async function withCookies(bound: BoundSession, response: Response): Promise<Response> {
  if (typeof response?.headers?.get !== 'function') throw notSendable('the handler must return one')
  if (response.bodyUsed) throw notSendable('its body is used, make one for each request')
  const result = await completed(bound, response)
  bound.responses?.passTo(result)
  return result
}

async function completed({ session, responses }: BoundSession, response: Response): Promise<Response> {
  await session.settle()
  const { status, statusText, body } = response
  // A WebSocket hangs on its very response; the next one brings the cookies.
  if (status === 101) return response
  let headers = responses?.fittingHeaders(response)
  const cookies = session.takeCookies()
  if (cookies.length > 0) {
    headers = without(headers ?? response.headers, CDN_ORDERS)
    headers.set('cache-control', 'no-store')
    for (const cookie of cookies) headers.append('set-cookie', cookie)
  }
  return headers ? new Response(body, { status, statusText, headers }) : response
}

function notSendable(why: string): ConfigurationError {
  return new ConfigurationError('response_not_sendable', `Cannot send the response: ${why}`)
}
