/**
 * The loopback redirect of command-line tools and desktop agents, on Node and Bun.
 *
 * @module
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { ConfigurationError } from '@evertoken/core'
import { type ConnectableConnection, connectOnLoopback, type LoopbackOptions } from '@evertoken/core/loopback'
import { listenOnLoopback } from './loopback-server.ts'

export type { ConnectableConnection, LoopbackOptions } from '@evertoken/core/loopback'

/** Options of `connectInBrowser`. */
export interface BrowserOptions extends Omit<LoopbackOptions, 'redirectUri'> {
  /**
   * Opens the URL in a browser of this machine. It can start a program, such as `open`, `xdg-open` or `start`. The URL works in one
   * browser.
   *
   * @default prints the URL to the standard error
   */
  readonly open?: (url: string) => unknown
  /**
   * The redirect URI that is registered at the authorization server. Without a port, a free port is used, which servers
   * must accept (RFC 8252). Some servers know only `http://localhost`.
   *
   * @default 'http://127.0.0.1/callback/<provider>'
   */
  readonly redirectUri?: string
}

/** How long the browser can take to receive the last page, in milliseconds. */
const LAST_PAGE_MS = 1000

/**
 * Connects an account in the browser of this machine, for command-line tools and desktop agents.
 *
 * Starts a server on loopback, opens a link to it, and waits for the redirect. The link sets a cookie and leads to the authorization
 * server. Only this process and the browser with the cookie can finish the attempt. If a second browser opens the link, the attempt
 * ends. The server is closed after that.
 *
 * @param connection - The result of `connections.get()`.
 * @param options - How the browser is opened, and when the attempt ends. By default, after 5 minutes.
 * @returns When the grant is stored.
 * @throws {RequestRefusedError} `access_denied` if the user declines, `authorization_expired` if the user takes too long,
 *   `login_transaction_invalid` if two browsers have opened the link, and `account_mismatch` if the user signs in with another account.
 *   The earlier grant is kept.
 * @throws {ConfigurationError} If an option is invalid, the port is in use, or the server rejects the client.
 * @throws {TryLaterError} If the authorization server is not available.
 * @example
 *   import { connectInBrowser } from '@evertoken/node/loopback'
 *
 *   await connectInBrowser(connection, { open: (url) => console.log(`Open ${url}`) })
 * @see {@link https://www.rfc-editor.org/rfc/rfc8252#section-7.3 RFC 8252, section 7.3: Loopback Interface Redirection}
 * @see {@link https://www.rfc-editor.org/rfc/rfc8252#section-8.9 RFC 8252, section 8.9: Cross-App Request Forgery Protections}
 */
export async function connectInBrowser(
  connection: ConnectableConnection,
  options: BrowserOptions = {},
): Promise<void> {
  const { open = printUrl, redirectUri = defaultRedirectUri(connection), signal, ...others } = options
  if (typeof open !== 'function')
    throw new ConfigurationError('invalid_option', 'Option `open` must be a function.')
  const responses = new Set<ServerResponse>()
  // An attempt that waits would keep the process alive.
  const stop = new AbortController()
  let receive: ((request: Request) => Promise<Response>) | undefined
  const { servers, address } = await listenOnLoopback(redirectUri, () =>
    createServer((incoming, response) => {
      responses.add(response)
      response.once('close', () => responses.delete(response))
      respond(incoming, response, address, receive).catch(() => response.destroy())
    }),
  )
  try {
    const attempt = await connectOnLoopback(connection, {
      ...others,
      redirectUri: address,
      signal:
        signal instanceof AbortSignal ? AbortSignal.any([signal, stop.signal]) : (signal ?? stop.signal),
    })
    receive = attempt.receive
    Promise.resolve(attempt.url)
      .then(open)
      .catch((error: unknown) => stop.abort(error))
    await attempt.finished
  } finally {
    stop.abort()
    await close(servers, responses)
  }
}

function defaultRedirectUri({ name }: ConnectableConnection): string {
  return `http://127.0.0.1/callback/${name.split(':', 1)[0]}`
}

function printUrl(url: string): void {
  process.stderr.write(`Open this address in a browser of this machine:\n${url}\n`)
}

/** A name that another site resolves to loopback is not the address, so its pages get no response. */
async function respond(
  incoming: IncomingMessage,
  response: ServerResponse,
  address: string,
  receive: ((request: Request) => Promise<Response>) | undefined,
): Promise<void> {
  const { method = '', url = '', headers, rawHeaders } = incoming
  const { host, origin } = new URL(address)
  const isHere = headers.host === host && url.startsWith('/')
  response.setHeader('connection', 'close')
  if (!receive || !isHere || !['GET', 'POST'].includes(method)) {
    response.writeHead(404).end()
    return
  }
  const pairs = Array.from({ length: rawHeaders.length / 2 }, (_, i) => rawHeaders.slice(2 * i, 2 * i + 2))
  const init = { method, headers: pairs as [string, string][] }
  // An authorization server with `responseMode: 'form_post'` lets the browser post its response.
  const posted = method === 'POST' && {
    body: Readable.toWeb(incoming) as ReadableStream,
    duplex: 'half' as const,
  }
  const result = await receive(new Request(origin + url, { ...init, ...posted }))
  response.writeHead(result.status, Object.fromEntries(result.headers))
  response.end(await result.text())
}

/** Closes the servers after the browser has received the last page. Browsers keep further connections open without a request. */
async function close(servers: readonly Server[], responses: ReadonlySet<ServerResponse>): Promise<void> {
  for (const server of servers) server.close()
  const sent = [...responses].map((response) => new Promise((resolve) => response.once('close', resolve)))
  let timer: NodeJS.Timeout | undefined
  const late = new Promise((resolve) => (timer = setTimeout(resolve, LAST_PAGE_MS)))
  await Promise.race([Promise.all(sent), late])
  clearTimeout(timer)
  for (const server of servers) server.closeAllConnections()
}
