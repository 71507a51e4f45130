import { CDN_ORDERS, headersOfDecodedBody, keepHeaders, omitHeaders } from './headers.ts'

/** Headers that describe the content or name the request. They pass in both directions. */
export const BOTH_WAYS: readonly string[] = namesOf(`
  accept-patch cache-control content-digest content-disposition content-encoding content-language content-length
  content-md5 content-range content-type digest repr-digest
  correlation-id request-id x-correlation-id x-request-id sec-websocket-extensions sec-websocket-protocol
`)

/**
 * Response headers that describe the content, its version and its limits, or that only restrict the browser. Other
 * headers might affect the whole origin, the user's session, or the server in front of the application.
 */
const FOR_THE_BROWSER: readonly string[] = [
  ...BOTH_WAYS,
  ...namesOf(`
    accept-post accept-ranges allow location preference-applied
    age date etag expires last-modified vary
    deprecation link retry-after server-timing sunset www-authenticate x-total-count
    content-security-policy x-content-type-options x-frame-options
    traceresponse sec-websocket-accept
  `),
]
const RATE_LIMIT = /^(?:x-)?rate-?limit(?:-[a-z-]+)?$/

/** `Cache-Control` directives that do not let a shared cache store the response. */
const PRIVATE_DIRECTIVE =
  /^(?:no-store|no-cache|no-transform|must-revalidate|immutable|(?:max-age|stale-while-revalidate|stale-if-error)="?\d+"?)$/

/**
 * Returns the response headers for the browser. `allowed` names further ones, in lower case.
 *
 * @param isPersonal - Whether the response belongs to one user.
 */
export function headersForBrowser(
  headers: Headers,
  isPersonal: boolean,
  allowed: readonly string[] = [],
): Headers {
  const kept = headersOfDecodedBody(
    keepHeaders(headers, (name) => isForBrowser(name) || allowed.includes(name)),
  )
  return isPersonal ? withPrivateCaching(kept) : kept
}

/** Decides whether a header is forwarded without an option. */
export function isForBrowser(name: string): boolean {
  return FOR_THE_BROWSER.includes(name) || RATE_LIMIT.test(name)
}

/**
 * Returns headers that let no shared cache store the response (S25). The API knew the user by `Authorization`, which
 * mostly keeps such caches away (RFC 9111 §3.5). The browser sends a cookie, which does not.
 */
export function withPrivateCaching(headers: Headers): Headers {
  const own = omitHeaders(headers, CDN_ORDERS)
  if (!/\bcookie\b/i.test(own.get('vary') ?? '')) own.append('vary', 'cookie')
  const directives = (own.get('cache-control') ?? '').toLowerCase().split(',')
  const kept = directives.map((each) => each.trim()).filter((each) => PRIVATE_DIRECTIVE.test(each))
  own.set('cache-control', [...kept, ...(kept.includes('no-store') ? [] : ['private'])].join(', '))
  return own
}

/** Returns the names of a list that white space separates. */
export function namesOf(list: string): readonly string[] {
  return list.trim().split(/\s+/)
}
