/** Creates a response of Evertoken, which no cache can store. */
export function answer(
  status: number,
  headers: Readonly<Record<string, string>> = {},
  body?: string,
): Response {
  return new Response(body ?? null, { status, headers: { 'cache-control': 'no-store', ...headers } })
}

/** Directives for pages with links. Another site must not show them in a frame, where it could catch the click. */
export const UNFRAMED = "; frame-ancestors 'none'; base-uri 'none'"

export function escaped(text: string): string {
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
  const head = `<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title>`
  return new Response(`<!doctype html><html lang="en">${head}${body}</html>`, { status, headers })
}
