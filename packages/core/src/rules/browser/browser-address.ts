import { isLoopback } from '../calls/allowed-urls.ts'

/** Headers that a reverse proxy sends. */
const FORWARDING = [
  'forwarded',
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-forwarded-for',
  'x-forwarded-port',
  'x-forwarded-server',
  'x-forwarded-scheme',
  'x-forwarded-ssl',
  'x-forwarded-prefix',
  'x-real-ip',
  'x-original-host',
  'x-original-proto',
  'x-scheme',
  'front-end-https',
  'via',
]

/**
 * Returns the name of a header which shows that browsers might use another address than `url`, the one in the request.
 *
 * Values cannot be trusted, because every client can send them. They only show that the address is uncertain. Some
 * development servers also send them, with the address in the request. In that case, the address is certain.
 */
export function uncertainAddress(url: URL, headers: Headers): string | undefined {
  const found = FORWARDING.find((name) => headers.has(name))
  const scheme = url.protocol.slice(0, -1)
  const schemes = valuesOf(headers, ['x-forwarded-proto', 'x-forwarded-scheme'], 'proto')
  const hosts = valuesOf(headers, ['x-forwarded-host', 'x-original-host'], 'host')
  const isOther = schemes.some((each) => each !== scheme) || hosts.some((each) => each !== url.host)
  // Platforms such as Workers add these headers to the https address that the browser uses.
  const isConfirmed = scheme === 'https' || schemes.length > 0
  return isOther || !isConfirmed ? found : undefined
}

function valuesOf(headers: Headers, names: readonly string[], parameter: 'proto' | 'host'): string[] {
  const own = names.flatMap((name) => headers.get(name)?.split(',') ?? [])
  const pattern = new RegExp(`(?:^|[;,\\s])${parameter}="?([^";,\\s]+)`, 'gi')
  const standard = [...(headers.get('forwarded') ?? '').matchAll(pattern)].map(([, value = '']) => value)
  return [...own, ...standard].map((value) => value.trim().toLowerCase())
}

/**
 * Whether the cookies need https. Plain http is only for development, in which the application and the authorization server
 * are both on this machine or on `insecureHosts`. Chromium and Firefox accept cookies that need https from
 * `http://localhost` as well.
 */
export function hasSecureCookies(address: URL, issuer: string, insecureHosts: readonly string[]): boolean {
  const isLocal =
    insecureHosts.includes(address.hostname) ||
    [address, new URL(issuer)].every(
      ({ hostname }) => isLoopback(hostname) || insecureHosts.includes(hostname),
    )
  return address.protocol === 'https:' || !isLocal
}
