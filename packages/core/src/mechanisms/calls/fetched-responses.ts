import { isMadeFrom } from '../../rules/calls/api-response.ts'

/** The response of a token fetch, until the application decides which of its headers the browser receives. */
interface Fetched {
  /** The original headers. The application might change the headers of its response. */
  readonly headers: Headers
  isDecided: boolean
}

/** Remembers the API responses that one request has fetched, for use in the response to the browser. */
export interface FetchedResponses {
  add(response: Response): void
  /**
   * Returns the headers of the API response that this response is, or was made from.
   *
   * Returns `undefined` if no API response matches, or if the application passed it to `relay`.
   */
  headersBehind(response: Response): Headers | undefined
}

/** Frameworks copy and clone responses, so Evertoken also recognizes the latest responses by their headers. */
const MAX_FETCHED = 32
/** Maps responses and their bodies to the fetched response. Applications construct new responses from these bodies. */
const known = new WeakMap<object, Fetched>()

export function createFetchedResponses(): FetchedResponses {
  const latest: Fetched[] = []
  return {
    add(response) {
      const fetched = { headers: new Headers(response.headers), isDecided: false }
      known.set(response, fetched)
      if (response.body) known.set(response.body, fetched)
      if (latest.unshift(fetched) > MAX_FETCHED) latest.pop()
    },
    headersBehind(response) {
      const found =
        known.get(response) ??
        (response.body && known.get(response.body)) ??
        latest.find(({ headers, isDecided }) => !isDecided && isMadeFrom(response.headers, headers))
      return found && !found.isDecided ? found.headers : undefined
    },
  }
}

/** Records that the application has decided which headers of this response the browser receives. */
export function decideHeaders(response: Response): void {
  const fetched = known.get(response) ?? (response.body && known.get(response.body))
  if (fetched) fetched.isDecided = true
}
