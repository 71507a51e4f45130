/** Headers that describe an encoded body. They do not fit a body that `fetch` has decoded. */
const OF_ENCODING = /^content-(?:encoding|length)$/
/** Directives only for the shared caches of a CDN, which overrule `Cache-Control` (RFC 9213). */
export const CDN_ORDERS: RegExp = /cdn-cache-control$|^surrogate-control$/

/** Returns the headers, except those of some names. */
export function omitHeaders(headers: Headers, names: RegExp): Headers {
  const kept = new Headers(headers)
  for (const [name] of headers) if (names.test(name)) kept.delete(name)
  return kept
}

/**
 * Returns the headers whose names are allowed. A header that `Connection` lists concerns one connection, so it is
 * removed, whatever its name (RFC 9110 §7.6.1).
 */
export function keepHeaders(headers: Headers, isAllowed: (name: string) => boolean): Headers {
  const listed = new Set((headers.get('connection') ?? '').toLowerCase().split(/[ \t,]+/))
  return new Headers([...headers].filter(([name]) => isAllowed(name) && !listed.has(name)))
}

/** Returns the headers of a fetched response that fit its body, which `fetch` has decoded. */
export function headersOfDecodedBody(headers: Headers): Headers {
  return headers.has('content-encoding') ? omitHeaders(headers, OF_ENCODING) : headers
}

/** Returns the `Set-Cookie` lines. Workers with a compatibility date before 2023-03-01 have another method for that. */
export function setCookiesOf(headers: Headers): string[] {
  const { getSetCookie } = headers as Partial<Headers>
  return getSetCookie ? getSetCookie.call(headers) : (headers as OldHeaders).getAll('set-cookie')
}

/**
 * Returns all headers, with a line for each cookie. Where `getSetCookie` is missing, iteration joins them to one
 * value.
 */
export function headerLines(headers: Headers): [name: string, value: string][] {
  const others = [...headers].filter(([name]) => name !== 'set-cookie')
  return [...others, ...setCookiesOf(headers).map((line): [string, string] => ['set-cookie', line])]
}

interface OldHeaders extends Headers {
  getAll(name: 'set-cookie'): string[]
}
