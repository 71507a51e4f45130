import { isBelow } from '../browser/base-path.ts'

/** One slash, not two, then printable ASCII, as the URL serializer produces it. At most 512 characters. */
const LOCAL = /^\/(?![/\\])[!-~]{0,511}$/

/**
 * Converts a path, or a URL of `origin`, to the exact string for `Location`: a path of the application, or its home.
 *
 * The result is parsed again, because `/.//host` is a local path that serializes to `//host`.
 *
 * @param home - The path of the application, with a slash at the end. Another application can be outside of it.
 */
export function safeReturnTo(value: string | null | undefined, origin: string, home: string = '/'): string {
  if (!value || !URL.canParse(value, origin)) return home
  const url = new URL(value, origin)
  const target = url.pathname + url.search + url.hash
  const isOurs = url.origin === origin && isBelow(url.pathname, home.slice(0, -1))
  return isOurs && LOCAL.test(target) && new URL(target, origin).origin === origin ? target : home
}

/** Adds an error to the query of a return-to path, for the page at that path. */
export function withError(returnTo: string, error: string, origin: string, home: string = '/'): string {
  return withQueryParameters(returnTo, { error }, origin, home)
}

/** Adds parameters to the query of a return-to path. If the path becomes too long, the home gets them. */
export function withQueryParameters(
  returnTo: string,
  parameters: Readonly<Record<string, string>>,
  origin: string,
  home: string = '/',
): string {
  const url = new URL(returnTo, origin)
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
  const target = safeReturnTo(url.href, origin, home)
  return target === home ? `${home}?${new URLSearchParams(parameters)}` : target
}
