import { answer, page } from './answer.ts'

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
