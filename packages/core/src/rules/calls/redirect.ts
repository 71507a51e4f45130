import { type AllowedPrefix, hasCredentials, isAllowed, parseUrl } from './allowed-urls.ts'
import { omitHeaders } from './headers.ts'
import { isPrivateHost } from './private-host.ts'

/** One request of a chain of redirects. */
export interface Hop {
  readonly href: string
  readonly method: string
  /** Without the token. `undefined`: none. */
  readonly headers: Headers | undefined
  /** `spent`: the body was a stream and has been sent. */
  readonly body: 'none' | 'replayable' | 'spent'
  /** Whether the token is sent. If one hop loses the token, no later hop gets it again. */
  readonly trusted: boolean
}

const REDIRECTS = [301, 302, 303, 307, 308]
/** Matches all headers except those that reveal nothing about the user. Only these are sent to another origin. */
const NOT_HARMLESS = /^(?!(?:accept|accept-language|range|user-agent)$)/
const ABOUT_BODY = /^content-(?:encoding|language|length|location|type)$/

/**
 * Returns the next request after a response (Fetch §4.4).
 *
 * `arrived`: the response is not a redirect. `refused`: the redirect would send the token, a body or a change to a
 * wrong place. A redirect into a network that only this application can reach is also `refused`.
 */
export function nextHop(
  hop: Hop,
  { status, headers }: Pick<Response, 'status' | 'headers'>,
  prefixes: readonly AllowedPrefix[],
): Hop | 'arrived' | 'refused' {
  const location = isRedirect(status) ? headers.get('location') : null
  if (location === null) return 'arrived'
  const from = new URL(hop.href)
  const url = parseUrl(location, from)
  if (!url) return 'refused'
  url.hash ||= from.hash
  const next = { ...rewritten(hop, status), href: url.href }
  if (!/^https?:$/.test(url.protocol) || hasCredentials(url) || next.body === 'spent') return 'refused'
  if (hop.trusted && url.origin === from.origin && isAllowed(url, prefixes)) return next
  if (next.body !== 'none' || !isRead(next.method) || reachesInside(from, url, prefixes)) return 'refused'
  return { ...next, trusted: false, headers: next.headers && omitHeaders(next.headers, NOT_HARMLESS) }
}

/** Whether a redirect points to a private address, or from https to http, without a configured API there. */
function reachesInside(from: URL, to: URL, prefixes: readonly AllowedPrefix[]): boolean {
  const isConfigured = prefixes.some(({ origin }) => origin === to.origin)
  const isDowngrade = from.protocol === 'https:' && to.protocol === 'http:'
  return !isConfigured && (isDowngrade || (isPrivateHost(to.hostname) && !isOnHostOf(to, prefixes)))
}

function isOnHostOf({ hostname }: URL, prefixes: readonly AllowedPrefix[]): boolean {
  return prefixes.some(({ origin }) => new URL(origin).hostname === hostname)
}

/** Whether the status is a redirect. Other responses can have a `Location` with another meaning. */
export function isRedirect(status: number): boolean {
  return REDIRECTS.includes(status)
}

/** Returns the request with its new method and body. 303 changes all methods to GET. 301 and 302 change POST to GET. */
function rewritten(hop: Hop, status: number): Hop {
  const toGet = status === 303 ? !isRead(hop.method) : status < 303 && hop.method === 'POST'
  const { headers } = hop
  return toGet
    ? { ...hop, method: 'GET', headers: headers && omitHeaders(headers, ABOUT_BODY), body: 'none' }
    : hop
}

function isRead(method: string): boolean {
  return method === 'GET' || method === 'HEAD'
}
