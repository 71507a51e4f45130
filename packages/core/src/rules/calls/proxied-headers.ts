import { keepHeaders } from './headers.ts'
import { BOTH_WAYS, namesOf } from './relayed-headers.ts'

/**
 * Request headers that an API needs for the request of a page. Other headers might be credentials, reveal which page
 * the user sees, or make claims that only infrastructure can make. `fetch` sets `Host` and `Accept-Encoding`.
 */
const FOR_THE_API: readonly string[] = [
  ...BOTH_WAYS,
  ...namesOf(`
    accept accept-charset accept-datetime accept-language want-content-digest want-repr-digest
    idempotency-key if-match if-modified-since if-none-match if-range if-unmodified-since last-event-id
    prefer range save-data user-agent x-requested-with traceparent tracestate
    sec-websocket-key sec-websocket-version
  `),
]

/** Returns the request headers for an API. `allowed` names further ones, in lower case. */
export function headersForApi(headers: Headers, hasBody: boolean, allowed: readonly string[] = []): Headers {
  const kept = keepHeaders(headers, (name) => FOR_THE_API.includes(name) || allowed.includes(name))
  if (!hasBody) kept.delete('content-length')
  return kept
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
