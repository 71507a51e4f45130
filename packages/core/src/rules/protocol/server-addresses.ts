import { isLoopback, parseUrl } from '../calls/allowed-urls.ts'

/** The configured URLs of an authorization server. */
export interface ConfiguredAddresses {
  readonly issuer: string
  /** The URL of the metadata, or the metadata itself. */
  readonly metadata?: unknown
}

/** Decides which URLs of an authorization server can be used. */
export interface ServerAddresses {
  /**
   * Whether a URL from the metadata is an address that eavesdroppers cannot read. Plain http is allowed only on loopback,
   * and only if a configured URL uses it too: otherwise the metadata could send secrets to other programs on this machine.
   */
  isSafe(url: unknown): boolean
}

export function createServerAddresses({ issuer, metadata }: ConfiguredAddresses): ServerAddresses {
  const isHttpExpected = [issuer, metadata].some((each) => typeof each === 'string' && isHttp(parseUrl(each)))
  return {
    isSafe(url) {
      const parsed = typeof url === 'string' ? parseUrl(url) : undefined
      if (parsed?.protocol === 'https:') return true
      return isHttpExpected && isHttp(parsed) && isLoopback(parsed.hostname)
    },
  }
}

function isHttp(url: URL | undefined): url is URL {
  return url?.protocol === 'http:'
}
