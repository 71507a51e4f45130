import { type AllowedPrefix, hasCredentials, isAllowed } from './allowed-urls.ts'

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

const REDIRECTS = new Set([301, 302, 303, 307, 308])
/** All that another origin gets to see: it says nothing about the user. */
const HARMLESS = new Set(['accept', 'accept-language', 'range', 'user-agent'])
const ABOUT_BODY = [
  'content-encoding',
  'content-language',
  'content-location',
  'content-type',
  'content-length',
]

/**
 * Where a response sends the request (Fetch §4.4): the next hop, `arrived` when it is no redirect, `refused` when
 * following it would carry the token, a body or a change to where they do not belong.
 */
export function nextHop(
  hop: Hop,
  status: number,
  location: string | null,
  prefixes: readonly AllowedPrefix[],
): Hop | 'arrived' | 'refused' {
  if (!isRedirect(status) || location === null) return 'arrived'
  if (!URL.canParse(location, hop.url)) return 'refused'
  const url = new URL(location, hop.url)
  url.hash ||= hop.url.hash
  const next = rewritten(hop, status)
  if ((url.protocol !== 'https:' && url.protocol !== 'http:') || hasCredentials(url) || next.body === 'spent')
    return 'refused'
  const trusted = hop.trusted && url.origin === hop.url.origin && isAllowed(url, prefixes)
  if (trusted) return { ...next, url }
  if (next.body !== 'none' || !isRead(next.method)) return 'refused'
  const harmless = [...next.headers].filter(([name]) => HARMLESS.has(name))
  return { ...next, url, trusted, headers: new Headers(harmless) }
}

/** Whether it is a status that sends elsewhere: the others may have a `Location` too, which says something else. */
export function isRedirect(status: number): boolean {
  return REDIRECTS.has(status)
}

/** What becomes of method and body: 303 turns everything into GET, 301 and 302 turn POST into GET. */
function rewritten(hop: Hop, status: number): Hop {
  const toGet = status === 303 ? !isRead(hop.method) : status < 303 && hop.method === 'POST'
  if (!toGet) return hop
  const headers = new Headers(hop.headers)
  for (const name of ABOUT_BODY) headers.delete(name)
  return { ...hop, method: 'GET', headers, body: 'none' }
}

function isRead(method: string): boolean {
  return method === 'GET' || method === 'HEAD'
}
