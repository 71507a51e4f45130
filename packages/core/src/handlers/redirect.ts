/**
 * Lets the browser go on by itself. The next request is caused by a page of this application then, and not by whoever
 * caused this one: only so does it carry a `Strict` cookie.
 */
export function goOn(location: string): Response {
  const headers = {
    refresh: `0;url=${location}`,
    'cache-control': 'no-store',
    'content-security-policy': "default-src 'none'",
    'content-type': 'text/html; charset=utf-8',
    'referrer-policy': 'no-referrer',
  }
  return new Response('<!doctype html><title>Signed in</title>', { headers })
}

/** Sends the browser on with a GET, whatever it came with. */
export function redirect(location: string, cookies: readonly string[] = []): Response {
  const headers = new Headers({ location, 'cache-control': 'no-store' })
  for (const line of cookies) headers.append('set-cookie', line)
  return new Response(null, { status: 303, headers })
}
