/** Whether the host is an IP address. An address belongs to no domain. */
export function isIpAddress(host: string): boolean {
  return /^[\d.]+$/.test(host) || host.includes(':')
}

/** Whether browsers treat the URL like https, for `Sec-Fetch-*` headers. */
export function isTrustworthy({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || /^(?:localhost|127(?:\.\d+){3}|\[::1\])$|\.localhost$/.test(hostname)
}

/**
 * The scheme and registrable domain of a URL. This is a guess without the public suffix list: the domain has two labels, or three
 * if it ends like `co.uk`.
 */
function siteOf({ protocol, hostname }: URL): string {
  if (isIpAddress(hostname.replace(/^\[/, ''))) return `${protocol}//${hostname}`
  const labels = hostname.split('.')
  const count = /(?:^|\.)[a-z]{2,3}\.[a-z]{2}$/.test(hostname) ? 3 : 2
  return `${protocol}//${labels.slice(-count).join('.')}`
}

/**
 * The value of `Sec-Fetch-Site`.
 *
 * @param initiator - The page that causes the request, or `undefined` for an address that the user typed.
 */
export function fetchSite(
  initiator: URL | undefined,
  url: URL,
): 'none' | 'same-origin' | 'same-site' | 'cross-site' {
  if (!initiator) return 'none'
  if (initiator.origin === url.origin) return 'same-origin'
  return siteOf(initiator) === siteOf(url) ? 'same-site' : 'cross-site'
}
