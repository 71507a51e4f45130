/**
 * A `fetch` for Node and Bun that presents a TLS client certificate.
 *
 * @module
 */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { Agent, request as startRequest } from 'node:https'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { ConfigurationError } from '@evertoken/core'

/** The certificate that `createMtlsFetch` presents. */
export interface MtlsFetchOptions {
  /** The certificate of the client in PEM, followed by the intermediate certificates. */
  readonly cert: string
  /** The private key of the certificate in PEM. */
  readonly key: string
  /**
   * The certificates in PEM of the authorities that servers are verified with.
   *
   * @default the authorities of the runtime
   */
  readonly ca?: string
}

/** Servers close idle connections, mostly after 5 seconds. A request on a connection that closes might be lost. */
const IDLE_MS = 4000
/** Responses to which no body belongs (Fetch Standard). */
const WITHOUT_BODY = new Set([204, 205, 304])

/**
 * Creates a `fetch` that presents a TLS client certificate, for the option `fetch`.
 *
 * It uses HTTP/1.1, returns redirects as they are, and does not cache or repeat requests. Plain http has no certificate.
 *
 * @param options - The certificate and its key. To replace them, create another `fetch`.
 * @returns The `fetch`.
 * @throws {ConfigurationError} If the certificate or the key is malformed, or they don't belong together.
 * @example
 *   const fetch = createMtlsFetch({ cert: process.env.CLIENT_CERT ?? '', key: process.env.CLIENT_KEY ?? '' })
 *   const auth = evertoken({ ...options, clientAuthentication: tlsClientAuth(), fetch })
 * @see {@link https://www.rfc-editor.org/rfc/rfc8705#section-2 RFC 8705, section 2: Mutual TLS for OAuth Client Authentication}
 */
export function createMtlsFetch({ cert, key, ca }: MtlsFetchOptions): typeof globalThis.fetch {
  const identity = { cert, key, ...(ca !== undefined && { ca }) }
  checkIdentity(identity)
  const agent = new Agent({ ...identity, keepAlive: true, timeout: IDLE_MS })
  return async (input, init) => {
    const request = new Request(input, init)
    const { signal, method, url } = request
    if (!url.startsWith('https:')) return globalThis.fetch(input, init)
    signal.throwIfAborted()
    // The response is passed on as it arrives, so it must not be compressed.
    request.headers.set('accept-encoding', 'identity')
    const isStream = (init?.body ?? (input instanceof Request ? input.body : null)) instanceof ReadableStream
    const body = isStream ? undefined : Buffer.from(await request.arrayBuffer())
    if (body && body.byteLength > 0) request.headers.set('content-length', String(body.byteLength))
    try {
      const headers = Object.fromEntries(request.headers)
      const outgoing = startRequest(url, { agent, method, headers, signal })
      // After the response has begun, its body reports the errors of the connection.
      outgoing.on('error', () => undefined)
      const responded = once(outgoing, 'response') as Promise<[IncomingMessage]>
      if (body) outgoing.end(body)
      else pipeline(Readable.fromWeb(request.body as never), outgoing).catch(() => undefined)
      const [incoming] = await responded
      return toResponse(incoming, url, method)
    } catch (error) {
      signal.throwIfAborted()
      throw new TypeError('fetch failed', { cause: error })
    }
  }
}

function toResponse(incoming: IncomingMessage, url: string, method: string): Response {
  const { statusCode: status = 0, statusMessage: statusText = '', rawHeaders } = incoming
  const headers = new Headers()
  for (let i = 0; i < rawHeaders.length; i += 2) headers.append(rawHeaders[i] ?? '', rawHeaders[i + 1] ?? '')
  const hasBody = method !== 'HEAD' && !WITHOUT_BODY.has(status)
  if (!hasBody) incoming.resume()
  const body = hasBody ? (Readable.toWeb(incoming) as ReadableStream<Uint8Array>) : null
  return Object.defineProperty(new Response(body, { status, statusText, headers }), 'url', { value: url })
}

/** Node ignores an authority that is not PEM. The error of a part can repeat a part of the key. */
function checkIdentity({ cert, key, ca = cert }: MtlsFetchOptions): void {
  try {
    const [certificate] = [cert, ca].map((pem) => new X509Certificate(pem))
    if (certificate?.checkPrivateKey(createPrivateKey(key))) return
  } catch {
    // The error below names the remedy.
  }
  const message =
    'Options `cert`, `key` and `ca` must be PEM, and `key` must be the private key of `cert`. If a value comes from an ' +
    'environment variable, check that the variable is set.'
  throw new ConfigurationError('invalid_option', message)
}
