/** Concern one connection alone (RFC 9110 §7.6.1), with what older versions of HTTP counted among them. */
const HOP_BY_HOP = /^(?:connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade)$/

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
  if (!headers.has('content-encoding')) return headers
  const fitting = new Headers(headers)
  fitting.delete('content-encoding')
  fitting.delete('content-length')
  return fitting
}

/** Takes out the orders to the shared caches of a CDN alone, which go before `Cache-Control` (RFC 9213). */
export function dropCdnOrders(headers: Headers): void {
  for (const name of Array.from(headers.keys())) {
    if (/^(?:.*cdn-cache-control|surrogate-control)$/.test(name)) headers.delete(name)
  }
}
