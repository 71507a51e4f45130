/** Concern one connection alone (RFC 9110 §7.6.1), with what older versions of HTTP counted among them. */
const HOP_BY_HOP = /^(?:connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade)$/
/** Said of a body that `fetch` has decoded. */
const OF_ENCODING = /^content-(?:encoding|length)$/
/** The orders to the shared caches of a CDN alone, which go before `Cache-Control` (RFC 9213). */
export const CDN_ORDERS: RegExp = /cdn-cache-control$|^surrogate-control$/

/** The headers but for those of some names. */
export function without(headers: Headers, names: RegExp): Headers {
  const kept = new Headers(headers)
  for (const [name] of headers) if (names.test(name)) kept.delete(name)
  return kept
}

/** The headers without those for one connection alone, and without what is `unwanted` besides. */
export function endToEnd(headers: Headers, unwanted?: RegExp): Headers {
  const listed = new Set((headers.get('connection') ?? '').toLowerCase().split(/[ \t,]+/))
  const kept = [...headers].filter(
    // Servers with CGI ancestors take `_` for `-`.
    ([name]) => !HOP_BY_HOP.test(name) && !unwanted?.test(name.replaceAll('_', '-')) && !listed.has(name),
  )
  return new Headers(kept)
}

/** The headers of a fetched response as they fit its body, which `fetch` has decoded. */
export function decoded(headers: Headers): Headers {
  return headers.has('content-encoding') ? without(headers, OF_ENCODING) : headers
}
