/** How an API is told under which address the browser knows it. */
export type ForwardedStyle = 'forwarded' | 'x-forwarded'

/** `Forwarded` (RFC 7239), or the `X-Forwarded-*` that came before it and tell the path too. */
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
