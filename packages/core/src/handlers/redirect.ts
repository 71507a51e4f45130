import { answer, escaped, page, UNFRAMED } from './answer.ts'

/**
 * Returns a page that continues automatically.
 *
 * The next request is then caused by a page of this application, and not by the site that caused this one. Only such a
 * request carries a `Strict` cookie.
 */
export function goOn(location: string): Response {
  return page(answer(200, { refresh: `0;url=${location}` }), 'Signed in')
}

/** Redirects the browser. With the status 303, the browser sends a GET next, whatever the method of this request. */
export function redirect(location: string, cookies: readonly string[] = [], status = 303): Response {
  const response = answer(status, { location })
  for (const line of cookies) response.headers.append('set-cookie', line)
  return response
}

/**
 * Returns a page with a link to an address that another site chose. Only a click of the user opens the link. A
 * redirect, or a page that continues automatically, would make the request look like one of this application.
 */
export function confirmDestination(location: string, home: string): Response {
  const link = `<a href="${escaped(location)}">${escaped(location)}</a>`
  const body =
    `<h1>You are signed in</h1><p>A link on another site brought you here. Continue to ${link}, or go to the ` +
    `<a href="${escaped(home)}">start page</a>.</p>`
  return page(answer(200), 'You are signed in', UNFRAMED, body)
}
