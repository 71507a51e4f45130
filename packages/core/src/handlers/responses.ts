/** Creates a response of Evertoken, which no cache can store. */
export function createResponse(
  status: number,
  headers: Readonly<Record<string, string>> = {},
  body?: string,
): Response {
  return new Response(body ?? null, { status, headers: { 'cache-control': 'no-store', ...headers } })
}

/** Returns data about a user, which no cache can store and no page of another origin can load. */
export function privateJson(body: unknown): Response {
  const headers = { 'cache-control': 'no-store', 'cross-origin-resource-policy': 'same-origin' }
  return Response.json(body, { headers })
}

/** Directives for pages with links. Another site must not show them in a frame, where it could catch the click. */
export const UNFRAMED = "; frame-ancestors 'none'; base-uri 'none'"

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

/**
 * Turns a response into a page without styles and scripts. Its address, which may hold a code, is sent to no other
 * site.
 *
 * @param policy - Further directives of its content security policy.
 */
export function page({ status, headers }: Response, title: string, policy = '', body = ''): Response {
  headers.set('content-type', 'text/html; charset=utf-8')
  headers.set('content-security-policy', `default-src 'none'${policy}`)
  headers.set('referrer-policy', 'no-referrer')
  headers.set('x-content-type-options', 'nosniff')
  const head = `<meta name="viewport" content="width=device-width"><title>${title}</title>`
  return new Response(`<!doctype html><html lang="en">${head}${body}</html>`, { status, headers })
}

/** Whether a browser shows the response as a page, by `Sec-Fetch-Mode` or, in old browsers, by `Accept`. */
export function isNavigation({ headers }: Request): boolean {
  const mode = headers.get('sec-fetch-mode')
  return mode === null ? /text\/html/.test(headers.get('accept') ?? '') : mode === 'navigate'
}

/**
 * Returns a page that continues automatically.
 *
 * The next request is then caused by a page of this application, and not by the site that caused this one. Only such a
 * request carries a `Strict` cookie.
 */
export function redirectByPage(location: string): Response {
  return page(createResponse(200, { refresh: `0;url=${location}` }), 'Signed in')
}

/** Redirects the browser. With the status 303, the browser sends a GET next, whatever the method of this request. */
export function redirect(location: string, cookies: readonly string[] = [], status = 303): Response {
  const response = createResponse(status, { location })
  for (const line of cookies) response.headers.append('set-cookie', line)
  return response
}

/**
 * Returns a page with a link to an address that another site chose. Only a click of the user opens the link. A
 * redirect, or a page that continues automatically, would make the request look like one of this application.
 */
export function confirmDestination(location: string, home: string): Response {
  const link = `<a href="${escapeHtml(location)}">${escapeHtml(location)}</a>`
  const body =
    `<h1>You are signed in</h1><p>A link on another site brought you here. Continue to ${link}, or go to the ` +
    `<a href="${escapeHtml(home)}">start page</a>.</p>`
  return page(createResponse(200), 'You are signed in', UNFRAMED, body)
}
