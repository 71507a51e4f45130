import { type AllowedPrefix, hasCredentials, isAllowed, parseUrl } from './allowed-urls.ts'
import { without } from './passed-on-headers.ts'
import { isPrivateHost } from './private-host.ts'

/** One request on its way through redirects. */
export interface Hop {
  readonly url: URL
  readonly method: string
  readonly headers: Headers
  /** `spent`: it was a stream and has been sent. */
  readonly body: 'none' | 'replayable' | 'spent'
  /** Whether the token goes along. Once lost on the way it does not come back. */
  readonly trusted: boolean
}

const REDIRECTS = [301, 302, 303, 307, 308]
/** Another origin gets to see those alone that say nothing about the user. */
const NOT_HARMLESS = /^(?!(?:accept|accept-language|range|user-agent)$)/
const ABOUT_BODY = /^content-(?:encoding|language|length|location|type)$/

/**
 * Where a response sends the request (Fetch §4.4): the next hop, `arrived` when it is no redirect, `refused` when
 * following it would carry the token, a body or a change to where they do not belong, or reach into a network in which
 * only this application is.
 */
export function nextHop(
  hop: Hop,
  { status, headers }: Pick<Response, 'status' | 'headers'>,
  prefixes: readonly AllowedPrefix[],
): Hop | 'arrived' | 'refused' {
  const location = isRedirect(status) ? headers.get('location') : null
  if (location === null) return 'arrived'
  const url = parseUrl(location, hop.url)
  if (!url) return 'refused'
  url.hash ||= hop.url.hash
  const next = { ...rewritten(hop, status), url }
  if (!/^https?:$/.test(url.protocol) || hasCredentials(url) || next.body === 'spent') return 'refused'
  if (hop.trusted && url.origin === hop.url.origin && isAllowed(url, prefixes)) return next
  if (next.body !== 'none' || !isRead(next.method) || reachesInside(hop.url, url, prefixes)) return 'refused'
  return { ...next, trusted: false, headers: without(next.headers, NOT_HARMLESS) }
}

/** Whether a redirect leads to a private address, or away from https, although no configured API is there. */
function reachesInside(from: URL, to: URL, prefixes: readonly AllowedPrefix[]): boolean {
  const isConfigured = prefixes.some(({ origin }) => origin === to.origin)
  const isDowngrade = from.protocol === 'https:' && to.protocol === 'http:'
  return !isConfigured && (isDowngrade || (isPrivateHost(to.hostname) && !isOnHostOf(to, prefixes)))
}

function isOnHostOf({ hostname }: URL, prefixes: readonly AllowedPrefix[]): boolean {
  return prefixes.some(({ origin }) => new URL(origin).hostname === hostname)
}

/** Whether it is a status that sends elsewhere: the others may have a `Location` too, which says something else. */
export function isRedirect(status: number): boolean {
  return REDIRECTS.includes(status)
}

/** What becomes of method and body: 303 turns everything into GET, 301 and 302 turn POST into GET. */
function rewritten(hop: Hop, status: number): Hop {
  const toGet = status === 303 ? !isRead(hop.method) : status < 303 && hop.method === 'POST'
  return toGet ? { ...hop, method: 'GET', headers: without(hop.headers, ABOUT_BODY), body: 'none' } : hop
}

function isRead(method: string): boolean {
  return method === 'GET' || method === 'HEAD'
}
