import type { IncomingMessage } from 'node:http'

/** Returns the status for a message from which no `Request` can be made. `undefined` if one can. */
export function refusalOf({ method = '', url = '', headers }: IncomingMessage): 400 | 501 | undefined {
  if (/^(?:CONNECT|TRACE|TRACK)$/i.test(method)) return 501
  // A target that is not a path (RFC 9112 §3.2) names no resource here. HTTP/2 has `:authority` instead of `Host`.
  const hosts = [headers[':authority'], headers.host].filter((host) => host !== undefined)
  return url.startsWith('/') && hosts.flat().every(isAuthority) ? undefined : 400
}

/** Whether the text is only a host with an optional port (RFC 9110 §7.2). */
function isAuthority(host: string): boolean {
  return /^[^\s/\\?#@]+$/.test(host) && URL.canParse(`http://${host}`)
}
