/** The headers that show the API its address in the browser. */
export type ForwardedStyle = 'forwarded' | 'x-forwarded'

/** Returns `Forwarded` (RFC 7239), or the older `X-Forwarded-*` headers, which also contain the path. */
export function forwardedHeaders(style: ForwardedStyle, baseUrl: string, path: string): [string, string][] {
  const { host, protocol, pathname } = new URL(baseUrl)
  const proto = protocol.slice(0, -1)
  if (style === 'forwarded') {
    return [['forwarded', `host="${host.replace(/["\\]/g, '\\$&')}";proto=${proto}`]]
  }
  return [
    ['x-forwarded-host', host],
    ['x-forwarded-proto', proto],
    ['x-forwarded-prefix', pathname.replace(/\/$/, '') + path || '/'],
  ]
}
