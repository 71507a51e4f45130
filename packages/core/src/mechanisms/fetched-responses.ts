import { isMadeFrom } from '../rules/api-response.ts'

/** What a token fetch brought, until the application decides what the browser gets of it. */
interface Fetched {
  /** The headers as they came. The application might change those of its response. */
  readonly headers: Headers
  isDecided: boolean
}

/** The responses of APIs that one request has brought, for the response to the browser. */
export interface FetchedResponses {
  add(response: Response): void
  /**
   * Returns the headers of the API whose response this one is, or was made from. `undefined` if there is none, or if the
   * application passed it to `relay`.
   */
  headersBehind(response: Response): Headers | undefined
}

/** Frameworks copy and clone responses, so the latest ones are known by their headers too. */
const MAX_FETCHED = 32
/** By response, and by body, from which applications make responses of their own. */
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

/** Notes that the application has decided which headers of this response the browser gets. */
export function decideHeaders(response: Response): void {
  const fetched = known.get(response) ?? (response.body && known.get(response.body))
  if (fetched) fetched.isDecided = true
}
