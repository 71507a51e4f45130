import { headerLines } from '../rules/cookies.ts'

/**
 * Returns the response with other headers. It is made from the response itself, because only that carries properties of the
 * platform, such as `encodeBody`, `webSocket` and `cf` of Workers.
 */
export function withHeaders(response: Response, headers: Headers): Response {
  const result = new Response(response.body, response)
  for (const name of new Set(result.headers.keys())) result.headers.delete(name)
  for (const [name, value] of headerLines(headers)) result.headers.append(name, value)
  return result
}

/**
 * Returns the response itself if its headers can be changed, otherwise a copy that uses its body. The headers of a fetched
 * response and of `Response.redirect` are immutable, and the middleware of frameworks adds headers to every response.
 */
export function withMutableHeaders(response: Response): Response {
  if (isImmovable(response) || !isConstructible(response.status) || hasMutableHeaders(response))
    return response
  return withOrigin(new Response(response.body, response), response)
}

/** A constructed response does not know the request that it belongs to. */
export function withOrigin(copy: Response, { url, redirected, type }: Response): Response {
  return Object.defineProperties(copy, {
    url: { value: url },
    redirected: { value: redirected },
    type: { value: type },
  })
}

/** Removes a header that is absent: this changes nothing, and fails only if the headers are immutable. */
function hasMutableHeaders({ headers }: Response): boolean {
  try {
    headers.delete('x-evertoken-absent')
    return true
  } catch {
    return false
  }
}

/** A network error and an opaque redirect have the status 0, which no constructor accepts. */
function isConstructible(status: number): boolean {
  return status === 101 || (status >= 200 && status <= 599)
}

/** Decides whether the response opens a WebSocket that would be lost in another response. Only Workers can move one. */
export function isImmovable(response: Response): boolean {
  return response.status === 101 && !('webSocket' in response && response.webSocket)
}
