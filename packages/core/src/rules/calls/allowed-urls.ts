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

/**
 * Parses a URL, or a reference relative to `base`. Returns `undefined` if it is neither.
 *
 * @example
 *   const url = parseUrl('mcp') // undefined
 */
export function parseUrl(url: string | URL, base?: string | URL): URL | undefined {
  try {
    return new URL(url, base)
  } catch {
    return undefined
  }
}

/**
 * Reads a configured URL. Returns a string with the fault if it is invalid.
 *
 * @param insecureHosts - The hosts that can use plain http, in addition to loopback.
 */
export function parsePrefix(
  url: string,
  insecureHosts?: readonly string[],
): AllowedPrefix | 'not_absolute' | 'credentials' | 'insecure' | 'query' {
  const parsed = parseUrl(url)
  if (!parsed) return 'not_absolute'
  if (hasCredentials(parsed)) return 'credentials'
  if (!isSecure(parsed, insecureHosts)) return 'insecure'
  if (/[?#]/.test(url)) return 'query'
  // Plain values: those of an URL cost more at every call.
  return { origin: parsed.origin, pathname: parsed.pathname }
}

/**
 * Whether a `URL.hostname` is this machine: `localhost`, `*.localhost` (RFC 6761), 127.0.0.0/8 or `[::1]`.
 *
 * @example
 *   const isLocal = isLoopback('127.0.0.1') // true
 */
export function isLoopback(hostname: string): boolean {
  return /^(?:(?:[\w-]+\.)*localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(hostname)
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
  return startsBelow(path, prefix) && (prefix === '/' || !mayClimb(path))
}

function startsBelow(path: string, prefix: string): boolean {
  return path === prefix || path.startsWith(prefix.endsWith('/') ? prefix : `${prefix}/`)
}

/** A URL with a path and a query that no parser changes. No server finds a `..` segment in the path. */
const PLAIN = /^([^/]+\/\/[^/]+)(\/(?!\/)(?:[\w~-]|[./](?=[\w~-]))*\/?)(?:\?[\w!%&*+,./:;=@~-]*)?$/

/**
 * Returns the absolute URL of an address, if it is plain and allowed. Most are, and parsing a URL costs more than all
 * other checks of a call. For other addresses, `parseUrl` and `isAllowed` decide. For plain ones, they decide the same.
 *
 * @param base - The URL that a relative address is resolved against.
 */
export function resolvePlain(
  address: string,
  prefixes: readonly AllowedPrefix[],
  base: AllowedPrefix | undefined,
): string | undefined {
  return ifPlain(address, prefixes) ?? (base && ifPlain(below(base, address), prefixes))
}

function ifPlain(href: string, prefixes: readonly AllowedPrefix[]): string | undefined {
  const [, origin, path = ''] = PLAIN.exec(href) ?? []
  const isBelowOne = prefixes.some((each) => each.origin === origin && startsBelow(path, each.pathname))
  return isBelowOne ? href : undefined
}

/** Returns the URL of a relative address that starts with a name or a slash. */
function below({ origin, pathname }: AllowedPrefix, address: string): string {
  if (address.startsWith('/')) return origin + address
  return /^[\w~-]/.test(address) ? origin + pathname.slice(0, pathname.lastIndexOf('/') + 1) + address : ''
}

function mayClimb(path: string): boolean {
  const seen = fullyDecoded(path)
  return seen === undefined || CLIMBS.test(seen)
}

/** The most times that a server encodes a path. */
const MAX_ENCODINGS = 8
/** Bytes that no UTF-8 text has: ASCII characters in a longer form than needed, which lenient servers decode. */
const OVERLONG = /%(?:c[01]|e0%[89]|f0%8|f8%8|fc%8)/i
/** One character outside ASCII. */
const UTF8 = /%[cd].%[89ab].|%e.(?:%[89ab].){2}|%f.(?:%[89ab].){3}/gi
/** Characters that look like a slash, and that Windows converts to one. */
const SLASHES = /[\u2044\u2215\u2216\u29f5\u29f8]/g

/**
 * Returns a path as the last of several servers might see it, if each of them decodes it. Returns `undefined` if the
 * servers might disagree about it. Covers `%uff0e` of IIS, and characters that servers convert to a dot or a slash.
 */
export function fullyDecoded(path: string): string | undefined {
  let text = path
  for (let i = 0; i <= MAX_ENCODINGS; i++) {
    if (OVERLONG.test(text)) return undefined
    const next = decode(text)
    if (next === text) return text
    text = next
  }
  return undefined
}

/** Decodes once, and removes the tabs and line ends, which URL parsers drop. */
function decode(text: string): string {
  const ascii = text
    .replace(/%u([\da-f]{4})/gi, (_, unit: string) => String.fromCharCode(Number.parseInt(unit, 16)))
    .replace(/%(?:0[9ad]|([0-7][\da-f]))/gi, (_, hex?: string) =>
      hex === undefined ? '' : String.fromCharCode(Number.parseInt(hex, 16)),
    )
    .replace(UTF8, decodeUtf8)
  return ascii.normalize('NFKC').replace(SLASHES, '/')
}

function decodeUtf8(bytes: string): string {
  try {
    return decodeURIComponent(bytes)
  } catch {
    return bytes
  }
}

/** Whether requests to the URL are protected from eavesdroppers, or the application accepts that they are not. */
export function isSecure(url: URL, insecureHosts: readonly string[] = []): boolean {
  const isHttpAllowed = isLoopback(url.hostname) || insecureHosts.includes(url.hostname)
  return url.protocol === 'https:' || (url.protocol === 'http:' && isHttpAllowed)
}

export function hasCredentials(url: URL): boolean {
  return url.username + url.password !== ''
}

/**
 * Describes why a URL may not be called with a token, and the change to make. Shows no query of the URL.
 *
 * @param input - The text from which the URL was built.
 * @param prefixes - The allowed URLs. A relative text was resolved against the first one.
 */
export function describeNotAllowed(
  { origin, pathname }: URL,
  input: string,
  prefixes: readonly AllowedPrefix[],
): string {
  const allowed = prefixes.map((prefix) => `'${prefix.origin}${prefix.pathname}'`).join(' or ')
  const facts = `Cannot call '${origin}${pathname}' with a token. It is not below ${allowed}.`
  const [first] = prefixes
  if (origin !== first?.origin || URL.canParse(input)) return `${facts} Add it to \`allowedUrls\`.`
  if (/^[/\\]/.test(input)) return `${facts} Remove the first slash of the path.`
  const isMissing = !first.pathname.endsWith('/')
  return `${facts} ${isMissing ? 'Add a slash to the end of `baseUrl`.' : 'Remove the dot segments of the path.'}`
}
