/** Names that public DNS does not resolve, and names without a dot, which only a local network resolves. */
const LOCAL_NAME = /^[^.]*$|(?:^|\.)(?:localhost|local|localdomain|internal|home\.arpa)$/
/**
 * The IPv4 blocks of RFC 6890 and its registry, such as private, shared, loopback, link-local and multicast addresses.
 */
const PRIVATE_IPV4 =
  /^(?:0|10|127|2(?:2[4-9]|[345]\d))\.|^100\.(?:6[4-9]|[789]\d|1[01]\d|12[0-7])\.|^169\.254\.|^172\.(?:1[6-9]|2\d|3[01])\.|^192\.(?:168|0\.0)\.|^198\.1[89]\./

/**
 * Decides by its name whether a host is on this machine or in a local network. The name must come from `URL.hostname`,
 * which converts every spelling of an IPv4 address to four decimal numbers.
 */
export function isPrivateHost(hostname: string): boolean {
  if (hostname.startsWith('[')) return isPrivateIpv6(groupsOf(hostname.slice(1, -1)))
  const name = hostname.replace(/\.$/, '')
  return /^[\d.]+$/.test(name) ? PRIVATE_IPV4.test(name) : LOCAL_NAME.test(name)
}

/** Returns `false` for global unicast addresses (2000::/3), and for public IPv4 addresses in an IPv6 form. */
function isPrivateIpv6([a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0]: readonly number[]): boolean {
  if ([a, b, c, d, e].every((group) => group === 0) && f === 0xffff) return isPrivateIpv4(g, h)
  // NAT64 (RFC 6052) and 6to4 (RFC 3056).
  if (a === 0x64 && b === 0xff9b && c === 0 && d === 0 && e === 0 && f === 0) return isPrivateIpv4(g, h)
  if (a === 0x2002) return isPrivateIpv4(b, c)
  const isTeredo = a === 0x2001 && b === 0
  return isTeredo || a >> 13 !== 1
}

function isPrivateIpv4(high: number, low: number): boolean {
  return PRIVATE_IPV4.test([high >> 8, high & 255, low >> 8, low & 255].join('.'))
}

/** Returns the eight groups of an IPv6 address in a URL. */
function groupsOf(address: string): number[] {
  const [start = [], end = []] = address.split('::').map((part) =>
    part
      .split(':')
      .filter(Boolean)
      .map((group) => Number.parseInt(group, 16)),
  )
  return [...start, ...Array.from({ length: 8 - start.length - end.length }, () => 0), ...end]
}
