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

/** Decides whether the response opens a WebSocket that would be lost in another response. Only Workers can move one. */
export function isImmovable(response: Response): boolean {
  return response.status === 101 && !('webSocket' in response && response.webSocket)
}
