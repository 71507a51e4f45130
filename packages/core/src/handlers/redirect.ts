import { answer, escaped, page, UNFRAMED } from './answer.ts'

/**
 * Lets the browser go on by itself. The next request is caused by a page of this application then, and not by whoever
 * caused this one: only so does it carry a `Strict` cookie.
 */
export function goOn(location: string): Response {
  return page(answer(200, { refresh: `0;url=${location}` }), 'Signed in')
}

/** Sends the browser on; with 303 by a GET, whatever it came with. */
export function redirect(location: string, cookies: readonly string[] = [], status = 303): Response {
  const response = answer(status, { location })
  for (const line of cookies) response.headers.append('set-cookie', line)
  return response
}

/**
 * Returns a page with a link to an address that another site chose. Only a click of the user leads there: a redirect, or a
 * page that continues automatically, would make the request of the other site look like one of this application.
 */
export function confirmDestination(location: string, home: string): Response {
  const link = `<a href="${escaped(location)}">${escaped(location)}</a>`
  const body =
    `<h1>You are signed in</h1><p>A link on another site brought you here. Continue to ${link}, or go to the ` +
    `<a href="${escaped(home)}">start page</a>.</p>`
  return page(answer(200), 'You are signed in', UNFRAMED, body)
}
