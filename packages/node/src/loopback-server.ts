import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ConfigurationError } from '@evertoken/core'

/** Servers that listen on loopback, and the redirect URI with their port. */
export interface LoopbackServers {
  readonly servers: readonly Server[]
  readonly address: string
}

const ADDRESSES: Readonly<Record<string, readonly [string, ...string[]]>> = {
  '127.0.0.1': ['127.0.0.1'],
  '[::1]': ['::1'],
  // Browsers resolve the name to any of them. Another program must not get the code.
  localhost: ['127.0.0.1', '::1'],
}
/** Another program can have the same port on the other address. */
const MAX_ATTEMPTS = 10
/** Codes of errors on machines without IPv6. */
const NOT_AVAILABLE = new Set(['EADDRNOTAVAIL', 'EAFNOSUPPORT'])

/**
 * Listens at the address of a redirect URI. Without a port, it uses a free one.
 *
 * @throws {ConfigurationError} If it is not on loopback, or its port is in use.
 */
export async function listenOnLoopback(
  redirectUri: string,
  createServer: () => Server,
): Promise<LoopbackServers> {
  const url = URL.canParse(redirectUri) ? new URL(redirectUri) : undefined
  const [first, ...others] = (url?.protocol === 'http:' && ADDRESSES[url.hostname]) || []
  if (!url || first === undefined) throw invalidUri('an http URL with the host 127.0.0.1, [::1] or localhost')
  // The server would return another URI than the registered one.
  if (url.search || url.hash || url.username || url.password)
    throw invalidUri('a URL without query, fragment and user info')
  // A URL parser omits the default port.
  if (/^http:\/\/[^/]*:0*80(?:\/|$)/i.test(redirectUri))
    throw invalidUri('a URL with another port than 80, or without a port')
  for (let i = 1; ; i++) {
    const servers: Server[] = []
    try {
      const server = await listen(createServer(), Number(url.port), first)
      servers.push(server)
      const { port } = server.address() as AddressInfo
      for (const each of others) {
        const other = await listen(createServer(), port, each).catch(ignoreMissingAddress)
        if (other) servers.push(other)
      }
      return { servers, address: `http://${url.hostname}:${port}${url.pathname}` }
    } catch (error) {
      for (const server of servers) server.close()
      if (codeOf(error) !== 'EADDRINUSE') throw error
      if (url.port !== '' || i >= MAX_ATTEMPTS) throw portInUse(url.port)
    }
  }
}

async function listen(server: Server, port: number, host: string): Promise<Server> {
  server.listen(port, host)
  await once(server, 'listening')
  return server
}

function ignoreMissingAddress(error: unknown): undefined {
  if (!NOT_AVAILABLE.has(codeOf(error))) throw error
}

function codeOf(error: unknown): string {
  return String((Object(error) as { readonly code?: unknown }).code)
}

function invalidUri(requirement: string): ConfigurationError {
  return new ConfigurationError('invalid_option', `Option \`redirectUri\` must be ${requirement}.`)
}

function portInUse(port: string): ConfigurationError {
  const message = `Option \`redirectUri\` has the port ${port || 'of another program'}, which is in use. Stop the other program, or omit the port.`
  return new ConfigurationError('invalid_option', message)
}
