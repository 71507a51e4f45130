/**
 * Whether a request that carries the session cookie was made by the application itself: the defence against forgery.
 *
 * `Sec-Fetch-Site`, which no page can set, decides where the browser sends it: `same-origin` passes. `none` (a typed
 * address, a bookmark) does not, since no user meant to change anything with it, nor do `same-site` (a sibling host
 * may be hostile) and `cross-site`. A browser that does not send it names the page in `Origin`, on every unsafe
 * request. Old browsers send neither on a same-origin GET, and other clients never do: they add `X-Evertoken: 1`,
 * which a page of another origin can add only after a CORS preflight, and then its `Origin` gives it away.
 */
export function isSameOriginRequest(headers: Headers, origin: string): boolean {
  const site = headers.get('sec-fetch-site')
  const from = headers.get('origin')
  if (site === 'same-origin') return true
  if (site === null && from === origin) return true
  const isForeign = site === 'cross-site' || (from !== null && from !== origin)
  return headers.get('x-evertoken') === '1' && !isForeign
}
