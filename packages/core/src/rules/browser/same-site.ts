/**
 * Whether the application made a request that carries the session cookie. It is the defense against forgery.
 *
 * If the browser sends `Sec-Fetch-Site`, which no page can set, the header decides. Only `same-origin` passes. `none`
 * (a typed address, a bookmark) is refused, because no user intends a change with it. `same-site` and `cross-site` are
 * refused, because a sibling host may be hostile.
 *
 * Other browsers name the page in `Origin`, on every unsafe request. Old browsers send neither header on a same-origin
 * GET, and other clients never do. They add `X-Evertoken: 1`. A page of another origin can add it only after a CORS
 * preflight, and its `Origin` then reveals it.
 */
export function isSameOriginRequest(headers: Headers, origin: string): boolean {
  const site = headers.get('sec-fetch-site')
  if (site !== null) return site === 'same-origin'
  const from = headers.get('origin')
  return from === null ? headers.get('x-evertoken') === '1' : from === origin
}

/** Whether another site could make the request for an unaware user. A request without cookies acts for no user. */
export function mayBeForged(headers: Headers, origin: string): boolean {
  return headers.has('cookie') && !isSameOriginRequest(headers, origin)
}

/** Whether a browser shows the response as a top-level page. Links of other sites can open it, but cannot read it. */
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

/** Whether a browser shows the response as a page, also in a frame. Old browsers do not report it. */
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

/**
 * Whether a page of another site caused the request. Browsers without `Sec-Fetch-Site` do not show it.
 */
export function isFromOtherSite(headers: Headers): boolean {
  const site = headers.get('sec-fetch-site')
  return site === 'cross-site' || site === 'same-site'
}
