import { isLoopback, parseUrl } from '@evertoken/core/adapter'
import { ConfigurationError } from '@evertoken/core'

/** Which URLs can be called, in addition to public ones on https. */
export interface UrlRules {
  /** Returns `true` if the application allows a URL. Default: all. */
  readonly allow?: ((url: URL) => unknown) | undefined
  /** Hosts that can use plain http. */
  readonly insecureHosts: readonly string[]
  /** Whether addresses on loopback can use plain http. Only the application can decide it, never the user who names the URL. */
  readonly trustsLoopback: boolean
}

/** Stored metadata must stay small. */
const MAX_URL_CHARACTERS = 2048

/** Checks each URL of one MCP server, because its documents can name any address. */
export type CheckUrl = (url: unknown, what: string) => URL

/**
 * Creates the check for the URLs of one MCP server.
 *
 * Plain http and private addresses are refused. Otherwise, a server could send requests into the network of the application.
 *
 * @param server - The URL of the MCP server.
 */
export function createUrlCheck(
  server: URL,
  { allow = () => true, insecureHosts, trustsLoopback }: UrlRules,
): CheckUrl {
  function findFault(url: URL): string | undefined {
    const { href, protocol, hostname, username, password } = url
    if (href.length > MAX_URL_CHARACTERS) return 'is too long'
    if (username + password !== '') return 'has a user name or password'
    const isTrusted = insecureHosts.includes(hostname) || (trustsLoopback && isLoopback(hostname))
    if (protocol !== 'https:' && !(protocol === 'http:' && isTrusted)) return 'is not on https'
    if (!isTrusted && isPrivateHost(hostname)) return 'has a private address'
    // A function that returns a promise allows nothing.
    return allow(new URL(url)) === true ? undefined : 'is refused by `allow`'
  }

  return (given, what) => {
    const url = typeof given === 'string' || given instanceof URL ? parseUrl(given) : undefined
    const fault = url ? findFault(url) : 'is not an absolute URL'
    if (url && fault === undefined) return url
    throw wrongServer(server, `its ${what} ${fault ?? ''}`)
  }
}

/** @param reason - The rest of a sentence. It must not contain a secret. */
export function wrongServer(server: URL, reason: string): ConfigurationError {
  const message =
    `Cannot use the MCP server at ${server.origin}${server.pathname}, because ${reason}. Check the URL, and ask its ` +
    'operator if it is correct.'
  return new ConfigurationError('authorization_server_metadata_invalid', message)
}

/** Names of hosts in a private network: without a dot, or of a domain that is reserved for it. */
const LOCAL_NAME =
  /^[^.:[\]]+$|\.(?:local|localhost|localdomain|internal|intranet|private|svc|lan|home|corp|home\.arpa)$/
/** IPv4 addresses that are not public (RFC 6890): this network, private, shared, loopback, link-local, test and multicast. */
const PRIVATE_V4 =
  /^(?:0|10|127|22[4-9]|2[34]\d|25[0-5])\.|^100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|^169\.254\.|^172\.(?:1[6-9]|2\d|3[01])\.|^192\.168\.|^192\.0\.[02]\.|^198\.(?:1[89]|51\.100)\.|^203\.0\.113\./

/**
 * Whether a host is a private address or a name in a private network. A public name can still have a private address.
 *
 * @param hostname - As in `URL.hostname`, so addresses have one spelling.
 */
export function isPrivateHost(hostname: string): boolean {
  const host = hostname.replace(/\.+$/, '')
  if (host.startsWith('[')) return isPrivateV6(host)
  return LOCAL_NAME.test(host) || (/^[\d.]+$/.test(host) && PRIVATE_V4.test(host))
}

/** Only global unicast is public, without addresses that are reserved or contain an IPv4 address (RFC 4291, RFC 6890). */
function isPrivateV6(host: string): boolean {
  const [first = 0, second = 0] = host
    .slice(1, -1)
    .split(':')
    .map((group) => Number.parseInt(group || '0', 16))
  if (first < 0x2000 || first > 0x3fff || first === 0x2002) return true
  return first === 0x2001 && (second < 0x200 || second === 0xdb8)
}
