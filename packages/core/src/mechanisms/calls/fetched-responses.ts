import { isMadeFrom } from '../../rules/calls/api-response.ts'
import { hasMutableHeaders, withMutableHeaders } from './with-headers.ts'

/** The response of a token fetch, until the application decides which of its headers the browser receives. */
interface Fetched {
  /** The original headers. The application might change the headers of its response. */
  readonly headers: Headers
  isDecided: boolean
}

/** Remembers the API responses that one request has fetched, for use in the response to the browser. */
export interface FetchedResponses {
  /** Returns the response with headers that the application can change, and that fit its body. */
  receive(response: Response): Response
  /**
   * Returns the headers of the API response that this response is, or was made from.
   *
   * Returns `undefined` if no API response matches, or if the application passed it to `relay`.
   */
  headersBehind(response: Response): Headers | undefined
}

/** Frameworks copy and clone responses, so Evertoken also recognizes the latest responses by their headers. */
const MAX_FETCHED = 32

// Members of responses and bodies. A `WeakMap` would cost more at each call.
const FETCHED: unique symbol = Symbol('evertoken.fetched')
const OWNER: unique symbol = Symbol('evertoken.owner')
/** A member of responses that call `ownBody` when their body is read. */
export const OWNS_BODY: unique symbol = Symbol('evertoken.owns-body')
interface Marked extends Response {
  [FETCHED]?: Fetched | undefined
}

/** @param fitHeaders - From the runtime. */
export function createFetchedResponses(
  fitHeaders: (response: Response) => Response = withMutableHeaders,
): FetchedResponses {
  const latest: Fetched[] = []
  return {
    receive(original: Marked) {
      const { headers } = original
      const unchanged = hasMutableHeaders(original) ? new Headers(headers) : headers
      const fetched = { headers: unchanged, isDecided: false }
      original[FETCHED] = fetched
      if (latest.push(fetched) > MAX_FETCHED) latest.shift()
      const response = fitHeaders(original)
      if (!(OWNS_BODY in response)) ownBody(original, original.body)
      return response === original ? original : copyMark(original, response)
    },
    headersBehind(response) {
      const found =
        fetchedBehind(response) ??
        latest.findLast(({ headers, isDecided }) => !isDecided && isMadeFrom(response.headers, headers))
      return found && !found.isDecided ? found.headers : undefined
    },
  }
}

/** Records that the application has decided which headers of this response the browser receives. */
export function decideHeaders(response: Response): void {
  const fetched = fetchedBehind(response)
  if (fetched) fetched.isDecided = true
}

/** Marks a copy of a response from an API. */
export function copyMark(from: Marked, to: Marked): Response {
  to[FETCHED] = from[FETCHED]
  return to
}

/**
 * Connects a body to its response, because applications construct new responses from bodies. Node cancels a body when
 * nothing references its response, even if another response uses it.
 */
export function ownBody<Body extends object | null>(owner: Response, body: Body): Body {
  if (body) Object.assign(body, { [OWNER]: owner })
  return body
}

function fetchedBehind(response: Marked): Fetched | undefined {
  return response[FETCHED] ?? (response.body as { [OWNER]?: Marked } | null)?.[OWNER]?.[FETCHED]
}
