/** One slash, not two, then printable ASCII: all that the URL serializer lets through anyway. At most 512 characters. */
const LOCAL = /^\/(?![/\\])[!-~]{0,511}$/

/**
 * Turns a path, or a URL of `origin`, into the exact string for `Location`: a path of the same origin, or `/`.
 *
 * What is returned is parsed once more: `/.//host` is a local path that serializes to `//host`.
 */
export function safeReturnTo(value: string | null | undefined, origin: string): string {
  if (!value || !URL.canParse(value, origin)) return '/'
  const url = new URL(value, origin)
  const target = url.pathname + url.search + url.hash
  return url.origin === origin && LOCAL.test(target) && new URL(target, origin).origin === origin
    ? target
    : '/'
}

/** Adds an error to the query of a return-to path, for whoever waits there. */
export function withError(returnTo: string, error: string, origin: string): string {
  const url = new URL(returnTo, origin)
  url.searchParams.set('error', error)
  const target = safeReturnTo(url.href, origin)
  return target === '/' ? `/?error=${error}` : target
}
