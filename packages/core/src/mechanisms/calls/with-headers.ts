import type { OpenRequestInit } from '../../ports/credential.ts'
import { headerLines } from '../../rules/calls/headers.ts'
import type { AuthorizationHeaders } from '../../vocabulary/index.ts'

/**
 * Returns a response with other headers.
 *
 * The response is constructed from the original one, because only the original carries properties of the platform, such
 * as `encodeBody`, `webSocket` and `cf` of Workers.
 */
export function withHeaders(response: Response, headers: Headers): Response {
  const result = new Response(response.body, response)
  for (const name of new Set(result.headers.keys())) result.headers.delete(name)
  for (const [name, value] of headerLines(headers)) result.headers.append(name, value)
  return result
}

/**
 * Returns the response unchanged if its headers are mutable. Otherwise returns a copy that uses its body.
 *
 * The headers of a fetched response and of `Response.redirect` are immutable, but the middleware of frameworks adds
 * headers to every response.
 */
export function withMutableHeaders(response: Response): Response {
  if (isImmovable(response) || !isConstructible(response.status) || hasMutableHeaders(response))
    return response
  return withOrigin(new Response(response.body, response), response)
}

/** Copies `url`, `redirected` and `type`, because a constructed response does not know its request. */
export function withOrigin(copy: Response, { url, redirected, type }: Response): Response {
  return Object.defineProperties(copy, {
    url: { value: url },
    redirected: { value: redirected },
    type: { value: type },
  })
}

/** Returns the headers of a request with those of a token. Most calls have no other headers, so they need no `Headers`. */
export function addHeaders(
  headers: OpenRequestInit['headers'],
  added: AuthorizationHeaders,
): Headers | AuthorizationHeaders {
  if (!(headers instanceof Headers)) return { ...headers, ...added }
  for (const [name, value] of Object.entries(added)) headers.set(name, value)
  return headers
}

/** Removes an absent header. This changes nothing, and fails only if the headers are immutable. */
export function hasMutableHeaders(response: Response): boolean {
  // The error below would cost more than the copy.
  if (isFetched(response)) return false
  try {
    response.headers.delete('x-evertoken-absent')
    return true
  } catch {
    return false
  }
}

/** Whether the runtime has fetched the response, so that its headers are immutable. Evertoken has replaced no members. */
export function isFetched(response: Response): boolean {
  const isOfRuntime =
    Object.getPrototypeOf(response) === Response.prototype && !Object.hasOwn(response, 'type')
  return isOfRuntime && response.type !== 'default'
}

/** A network error and an opaque redirect have the status 0, which no constructor accepts. */
function isConstructible(status: number): boolean {
  return status === 101 || (status >= 200 && status <= 599)
}

/** Whether the response opens a WebSocket that would be lost in another response. Only Workers can move a WebSocket. */
export function isImmovable(response: Response): boolean {
  return response.status === 101 && !('webSocket' in response && response.webSocket)
}

/**
 * Releases the connection of a body that is not read.
 *
 * No caller waits for this, because the cancellation of a custom `fetch` or of a service binding might never finish.
 *
 * @example
 *   const response = await fetch('https://api.example.com/orders')
 *   discardBody(response.body)
 */
export function discardBody(body: Pick<ReadableStream, 'cancel'> | null): void {
  const cancel = async () => body?.cancel()
  // The body is not used, so its failure has no effect.
  cancel().catch(() => undefined)
}
