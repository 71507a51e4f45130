import type { CookieContext, CookieJar } from './cookie-jar.ts'
import { fetchSite, isTrustworthy } from './sites.ts'

/** A request before the browser adds its own headers. */
export interface Outgoing {
  readonly url: URL
  readonly method: string
  /** Headers that the page sets. */
  readonly headers: Headers
  readonly body: ArrayBuffer | undefined
  readonly signal: AbortSignal | undefined
  /** The page that causes the request, or `undefined` for an address that the user typed. */
  readonly initiator: URL | undefined
  /** `empty` is a `fetch` of a page. */
  readonly destination: 'document' | 'iframe' | 'empty'
}

const ACCEPT_PAGE = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'

/** The part that decides which cookies a request sends, and which its response can set. */
export function cookieContextOf({ url, method, initiator, destination }: Outgoing): CookieContext {
  return {
    method,
    crossSite: fetchSite(initiator, url) === 'cross-site',
    topLevelNavigation: destination === 'document',
  }
}

/** Adds the cookies of the jar and the headers that no page can set. */
export function toRequest(outgoing: Outgoing, jar: CookieJar): Request {
  const { url, method, body, signal, initiator, destination } = outgoing
  const headers = new Headers(outgoing.headers)
  const isNavigation = destination !== 'empty'
  removeHeaders(headers, /^(?:sec-|cookie$|origin$)/)
  const cookie = jar.header(url, cookieContextOf(outgoing))
  if (cookie !== '') headers.set('cookie', cookie)
  if (!headers.has('accept')) headers.set('accept', isNavigation ? ACCEPT_PAGE : '*/*')
  const isSafe = method === 'GET' || method === 'HEAD'
  if (initiator && (!isSafe || (!isNavigation && initiator.origin !== url.origin))) {
    headers.set('origin', initiator.origin)
  }
  if (isTrustworthy(url)) {
    headers.set('sec-fetch-site', fetchSite(initiator, url))
    headers.set('sec-fetch-mode', isNavigation ? 'navigate' : 'cors')
    headers.set('sec-fetch-dest', destination)
    if (destination === 'document') headers.set('sec-fetch-user', '?1')
  }
  const init = { method, headers, redirect: 'manual' as const, ...(signal && { signal }) }
  return new Request(url, body === undefined ? init : { ...init, body })
}

/** The next request of a redirect, as in the Fetch standard, section "HTTP-redirect fetch". */
export function redirected(outgoing: Outgoing, status: number, location: string): Outgoing {
  const url = new URL(location, outgoing.url)
  if (url.hash === '') url.hash = outgoing.url.hash
  const { method } = outgoing
  const becomesGet =
    (status === 303 && method !== 'GET' && method !== 'HEAD') ||
    ((status === 301 || status === 302) && method === 'POST')
  const leavesOrigin = url.origin !== outgoing.url.origin
  const headers = new Headers(outgoing.headers)
  if (leavesOrigin) headers.delete('authorization')
  if (becomesGet) removeHeaders(headers, /^content-/)
  return {
    ...outgoing,
    url,
    headers,
    method: becomesGet ? 'GET' : method,
    body: becomesGet ? undefined : outgoing.body,
    // Users sign in on a page of the authorization server, and that page sends them back.
    initiator: leavesOrigin ? outgoing.url : outgoing.initiator,
  }
}

function removeHeaders(headers: Headers, names: RegExp): void {
  const found = [...headers.keys()].filter((name) => names.test(name))
  for (const name of found) headers.delete(name)
}
