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
  if (site !== null) return site === 'same-origin'
  const from = headers.get('origin')
  return from === null ? headers.get('x-evertoken') === '1' : from === origin
}

/** Whether it could act for a user who knows nothing of it. What carries no cookie acts for nobody. */
export function mayBeForged(headers: Headers, origin: string): boolean {
  return headers.has('cookie') && !isSameOriginRequest(headers, origin)
}

/** Whether a browser shows the answer as a page of its own. Other sites lead users here too, and see nothing of it. */
export function isTopLevelNavigation(method: string, headers: Headers): boolean {
  const isSafe = method === 'GET' || method === 'HEAD'
  const isDocument = headers.get('sec-fetch-dest') === 'document'
  return isSafe && isDocument && headers.get('sec-fetch-mode') === 'navigate'
}

/**
 * Whether this application or the user chose the address of a request. `none` means that the user typed it, or opened it
 * from a bookmark or from another program. Evertoken must not continue to an address that another site chose.
 *
 * Browsers without `Sec-Fetch-Site` name the page in `Referer`. Programs add `X-Evertoken: 1`.
 */
export function isChosenHere(headers: Headers, origin: string): boolean {
  const site = headers.get('sec-fetch-site')
  if (site !== null) return site === 'same-origin' || site === 'none'
  const referrer = headers.get('referer')
  if (referrer === null) return headers.get('x-evertoken') === '1'
  return URL.canParse(referrer) && new URL(referrer).origin === origin
}

/** Whether a browser shows the response as a page, also in a frame. Old browsers do not tell. */
export function isDocumentNavigation(headers: Headers): boolean {
  return headers.get('sec-fetch-mode') === 'navigate'
}

/** Whether a browser fetches a page that the user may never open. The user did not ask for the effects of the request. */
export function isPrefetch(headers: Headers): boolean {
  const purposes = ['sec-purpose', 'purpose', 'x-purpose', 'x-moz'].map((name) => headers.get(name) ?? '')
  return purposes.some((purpose) => /\b(?:prefetch|prerender|preview)\b/.test(purpose))
}

/**
 * Whether a request may start a login: it opens a page, in a window, or in a frame of this application. Pages of other sites
 * can cause any number of other requests, such as images. Old browsers and programs do not send `Sec-Fetch-Site`. The `fetch`
 * of Node sends only `Sec-Fetch-Mode`.
 */
export function canStartLogin(headers: Headers): boolean {
  const site = headers.get('sec-fetch-site')
  const mode = headers.get('sec-fetch-mode')
  if (site === null || mode === null) return true
  const isWindow = (headers.get('sec-fetch-dest') ?? 'document') === 'document'
  return mode === 'navigate' && (isWindow || site === 'same-origin')
}
