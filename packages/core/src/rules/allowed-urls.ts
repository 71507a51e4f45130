/** The URLs of one origin from `pathname` down. */
export interface AllowedPrefix {
  readonly origin: string
  readonly pathname: string
}

/**
 * Whether a server that decodes the path, or decodes it twice behind a proxy, could find a `..` segment in it.
 * `..;` and `..%00` are such segments to some servers, `.%09.` to a URL parser; `a..b` and `...` are names.
 */
const CLIMBS = /[/\\]\.\.(?![\w.-])/

/** Reads a URL, or a reference relative to `base`; `undefined` when it is neither. */
export function parseUrl(url: string | URL, base?: string | URL): URL | undefined {
  try {
    return new URL(url, base)
  } catch {
    return undefined
  }
}

/** Reads a configured URL; a string says what is wrong with it. Plain http is for loopback alone. */
export function parsePrefix(
  url: string,
): AllowedPrefix | 'not_absolute' | 'credentials' | 'insecure' | 'query' {
  const parsed = parseUrl(url)
  if (!parsed) return 'not_absolute'
  if (hasCredentials(parsed)) return 'credentials'
  if (!isSecure(parsed)) return 'insecure'
  if (/[?#]/.test(url)) return 'query'
  // Plain values: those of an URL cost more at every call.
  return { origin: parsed.origin, pathname: parsed.pathname }
}

/** Whether a `URL.hostname` is this machine: `localhost`, 127.0.0.0/8 or `[::1]`. */
export function isLoopback(hostname: string): boolean {
  return /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(hostname)
}

/** Whether the URL is one of the prefixes or below it: `/orders` allows `/orders/1`, not `/orders-admin`. */
export function isAllowed(url: URL, prefixes: readonly AllowedPrefix[]): boolean {
  const { origin, pathname } = url
  return (
    !hasCredentials(url) &&
    prefixes.some((prefix) => origin === prefix.origin && isBelow(pathname, prefix.pathname))
  )
}

function isBelow(path: string, prefix: string): boolean {
  const startsThere = path === prefix || path.startsWith(prefix.endsWith('/') ? prefix : `${prefix}/`)
  return startsThere && (prefix === '/' || !CLIMBS.test(decodedThrice(path)))
}

/** As the last of several servers might see it, each of which decodes. */
export function decodedThrice(path: string): string {
  return decode(decode(decode(path)))
}

/** Decodes ASCII once, less the tabs and line ends, which URL parsers drop. */
function decode(text: string): string {
  return text.replace(/%(?:0[9ad]|([0-7][\da-f]))/gi, (_, hex?: string) =>
    hex === undefined ? '' : String.fromCharCode(Number.parseInt(hex, 16)),
  )
}

/** Whether nobody on the way can read what is sent there. */
export function isSecure(url: URL): boolean {
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname))
}

export function hasCredentials(url: URL): boolean {
  return url.username + url.password !== ''
}
