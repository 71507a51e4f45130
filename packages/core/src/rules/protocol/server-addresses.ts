import { isSecure, parseUrl } from '../calls/allowed-urls.ts'

/** The configured URLs of an authorization server. */
export interface ConfiguredAddresses {
  readonly issuer: string
  /** The URL of the metadata, or the metadata itself. */
  readonly metadata?: unknown
  /** The address at which this process reaches the issuer. */
  readonly internalUrl?: string | undefined
}

/** Decides which URLs of an authorization server can be used. */
export interface ServerAddresses {
  /**
   * Whether a URL from the metadata is an address that eavesdroppers cannot read. Plain http is allowed only for `insecureHosts` and
   * on loopback. The latter needs a configured URL on http: otherwise the metadata could send secrets to other programs
   * on this machine.
   */
  isSafe(url: unknown): boolean
  /** Returns the address at which this process reaches a URL that the metadata names. */
  reach(url: string): string
}

export function createServerAddresses(
  { issuer, metadata, internalUrl }: ConfiguredAddresses,
  insecureHosts: readonly string[] = [],
): ServerAddresses {
  const configured = [issuer, metadata, internalUrl]
  const isHttpExpected = configured.some((each) => typeof each === 'string' && isHttp(parseUrl(each)))
  return {
    isSafe(url) {
      const parsed = typeof url === 'string' ? parseUrl(url) : undefined
      if (!parsed || !isSecure(parsed, insecureHosts)) return false
      return parsed.protocol === 'https:' || isHttpExpected || insecureHosts.includes(parsed.hostname)
    },
    reach: (url) => (internalUrl === undefined ? url : toInternalUrl(url, issuer, internalUrl)),
  }
}

/** The internal address can have another path: a reverse proxy can strip a part of the public one. */
function toInternalUrl(url: string, issuer: string, internalUrl: string): string {
  const [base, internalBase] = [issuer, internalUrl].map((each) => each.replace(/\/$/, '')) as [
    string,
    string,
  ]
  if (url === base || url.startsWith(`${base}/`)) return internalBase + url.slice(base.length)
  const parsed = parseUrl(url)
  if (parsed?.origin !== new URL(issuer).origin) return url
  // A path that begins with two slashes would otherwise name another host.
  return new URL(internalUrl).origin + parsed.pathname + parsed.search
}

function isHttp(url: URL | undefined): url is URL {
  return url?.protocol === 'http:'
}
