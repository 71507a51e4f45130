const words = (text: string) => text.trim().split(/\s+/)

/**
 * Request headers that an API needs for the request of a page. Other headers might be credentials, reveal which page
 * the user sees, or make claims that only infrastructure can make. `fetch` sets `Host` and `Accept-Encoding`.
 */
const FOR_THE_API: ReadonlySet<string> = new Set(
  words(`
    accept accept-charset accept-datetime accept-language accept-patch cache-control
    content-digest content-disposition content-encoding content-language content-length content-md5 content-range
    content-type digest repr-digest want-content-digest want-repr-digest
    idempotency-key if-match if-modified-since if-none-match if-range if-unmodified-since last-event-id
    prefer range save-data user-agent x-requested-with
    correlation-id request-id traceparent tracestate x-correlation-id x-request-id
    sec-websocket-extensions sec-websocket-key sec-websocket-protocol sec-websocket-version
  `),
)

/**
 * Response headers that describe the content, its version and its limits, or that only restrict the browser. Other
 * headers might affect the whole origin, the user's session, or the server in front of the application.
 */
const FOR_THE_BROWSER: ReadonlySet<string> = new Set(
  words(`
    accept-patch accept-post accept-ranges allow content-digest content-disposition content-encoding content-language
    content-length content-md5 content-range content-type digest location preference-applied repr-digest
    age cache-control date etag expires last-modified vary
    deprecation link retry-after server-timing sunset www-authenticate x-total-count
    content-security-policy x-content-type-options x-frame-options
    correlation-id request-id traceresponse x-correlation-id x-request-id
    sec-websocket-accept sec-websocket-extensions sec-websocket-protocol
  `),
)
const RATE_LIMIT = /^(?:x-)?rate-?limit(?:-[a-z-]+)?$/

/** Headers that no option allows, in one direction or the other. */
const CONNECTION =
  'connection|keep-alive|proxy.*|te|trailer|transfer-encoding|upgrade|host|expect|cookie2?|set-cookie2?|x-evertoken'
const NEVER_FOR_THE_API = new RegExp(`^(?:${CONNECTION}|accept-encoding|authorization|dpop)$`)
const NEVER_FOR_THE_BROWSER = new RegExp(
  `^(?:${CONNECTION}|access-control-.*|clear-site-data|strict-transport-security|alt-svc|refresh|forwarded|x-forwarded-.*` +
    '|x-accel-.*|x-sendfile|x-lighttpd-send.*|service-worker-allowed|nel|report-to|reporting-endpoints' +
    '|.*-report-only|secure-session-.*)$',
)

/** `Cache-Control` directives that do not let a shared cache store the response. */
const PRIVATE_DIRECTIVE =
  /^(?:no-store|no-cache|no-transform|must-revalidate|immutable|(?:max-age|stale-while-revalidate|stale-if-error)="?\d+"?)$/

/** Decides whether an option may add a request header to those that an API gets. Names are in lower case. */
export function mayAllowForApi(name: string): boolean {
  return !NEVER_FOR_THE_API.test(name.replaceAll('_', '-'))
}

/** Decides whether an option may add a response header to those that a browser gets. Names are in lower case. */
export function mayAllowForBrowser(name: string): boolean {
  return !NEVER_FOR_THE_BROWSER.test(name.replaceAll('_', '-'))
}

/** Returns the request headers for an API. `allowed` names further ones, in lower case. */
export function headersForApi(headers: Headers, hasBody: boolean, allowed: readonly string[] = []): Headers {
  const kept = keepHeaders(headers, (name) => FOR_THE_API.has(name) || allowed.includes(name))
  if (!hasBody) kept.delete('content-length')
  return kept
}

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
  return FOR_THE_BROWSER.has(name) || RATE_LIMIT.test(name)
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

/** The headers that show the API its address in the browser. */
export type ForwardedStyle = 'forwarded' | 'x-forwarded'

/** Returns `Forwarded` (RFC 7239), or the older `X-Forwarded-*` headers, which also contain the path. */
export function forwardedHeaders(style: ForwardedStyle, baseUrl: string, path: string): [string, string][] {
  const { host, protocol, pathname } = new URL(baseUrl)
  const proto = protocol.slice(0, -1)
  if (style === 'forwarded') {
    return [['forwarded', `host="${host.replace(/["\\]/g, '\\$&')}";proto=${proto}`]]
  }
  return [
    ['x-forwarded-host', host],
    ['x-forwarded-proto', proto],
    ['x-forwarded-prefix', pathname.replace(/\/$/, '') + path || '/'],
  ]
}

/** Headers that describe an encoded body. They do not fit a body that `fetch` has decoded. */
const OF_ENCODING = /^content-(?:encoding|length)$/
/** Directives only for the shared caches of a CDN, which overrule `Cache-Control` (RFC 9213). */
export const CDN_ORDERS: RegExp = /cdn-cache-control$|^surrogate-control$/

/** Returns the headers, except those of some names. */
export function omitHeaders(headers: Headers, names: RegExp): Headers {
  const kept = new Headers(headers)
  for (const [name] of headers) if (names.test(name)) kept.delete(name)
  return kept
}

/**
 * Returns the headers whose names are allowed. A header that `Connection` lists concerns one connection, so it is
 * removed, whatever its name (RFC 9110 §7.6.1).
 */
export function keepHeaders(headers: Headers, isAllowed: (name: string) => boolean): Headers {
  const listed = new Set((headers.get('connection') ?? '').toLowerCase().split(/[ \t,]+/))
  return new Headers([...headers].filter(([name]) => isAllowed(name) && !listed.has(name)))
}

/** Returns the headers of a fetched response that fit its body, which `fetch` has decoded. */
export function headersOfDecodedBody(headers: Headers): Headers {
  return headers.has('content-encoding') ? omitHeaders(headers, OF_ENCODING) : headers
}
