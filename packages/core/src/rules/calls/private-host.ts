/** Names that public DNS does not resolve, and names without a dot, which only a local network resolves. */
const LOCAL_NAME = /^[^.]*$|(?:^|\.)(?:localhost|local|localdomain|internal|home\.arpa)$/
/**
 * The IPv4 blocks of RFC 6890 and its registry, such as private, shared, loopback, link-local and multicast addresses.
 */
const PRIVATE_IPV4 =
  /^(?:0|10|127|2(?:2[4-9]|[345]\d))\.|^100\.(?:6[4-9]|[789]\d|1[01]\d|12[0-7])\.|^169\.254\.|^172\.(?:1[6-9]|2\d|3[01])\.|^192\.(?:168|0\.0)\.|^198\.1[89]\./

/** IPv6 addresses that contain an IPv4 address: mapped, NAT64 (RFC 6052) and 6to4 (RFC 3056). */
const EMBEDDED_IPV4 = /^\[(?:(?:::ffff|64:ff9b:):([\da-f]+):([\da-f]+)\]|2002:([\da-f]+):([\da-f]*):)/
/** Global unicast addresses (2000::/3), except Teredo (2001::/32) and 6to4. */
const PUBLIC_IPV6 = /^\[(?!2001:0?:|2002:)[23][\da-f]{3}:/

/**
 * Decides by its name whether a host is on this machine or in a local network. The name must come from `URL.hostname`,
 * which has one spelling for each address.
 */
export function isPrivateHost(hostname: string): boolean {
  if (hostname.startsWith('[')) return isPrivateIpv6(hostname)
  const name = hostname.replace(/\.$/, '')
  return /^[\d.]+$/.test(name) ? PRIVATE_IPV4.test(name) : LOCAL_NAME.test(name)
}

function isPrivateIpv6(address: string): boolean {
  const [, ...groups] = EMBEDDED_IPV4.exec(address) ?? []
  // A group of only zeros can be empty.
  const [high, low] = groups
    .filter((group) => group !== undefined)
    .map((group) => Number.parseInt(`0${group}`, 16))
  return high === undefined || low === undefined
    ? !PUBLIC_IPV6.test(address)
    : PRIVATE_IPV4.test([high >> 8, high & 255, low >> 8, low & 255].join('.'))
}
