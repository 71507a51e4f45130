import type { Clock } from '../../ports/clock.ts'
import type { ServerAddresses } from '../../rules/protocol/server-addresses.ts'
import { ConfigurationError, EvertokenError } from '../../vocabulary/index.ts'
import { withDeadline } from '../runtime/deadline.ts'
import { withUrl } from '../runtime/redact.ts'
import { discardBody } from '../calls/with-headers.ts'

/**
 * A `fetch` for the authorization server. It follows no redirects, limits time and size, and buffers the body.
 *
 * It rejects with a `ConfigurationError` and sends nothing if the URL is not safe.
 */
export type Http = (url: string, init?: object) => Promise<Response>

export interface HttpOptions {
  readonly fetch: typeof globalThis.fetch
  readonly addresses: ServerAddresses
  readonly clock: Clock
  /** How long a response may take, in milliseconds. After that, the request is aborted. */
  readonly timeoutMs: number
  /** Receives the headers of every response and its duration in milliseconds. */
  readonly observe?: ((headers: Headers, tripMs: number) => void) | undefined
}

/**
 * How long Evertoken waits for the response to a refresh, in milliseconds. Callers stop waiting earlier. Most servers
 * and gateways time out after 1 minute.
 */
export const LISTEN_MS = 65_000

/**
 * How long a key service may take after the lease was taken, in milliseconds. A request must leave soon after that, because
 * another process can take over the lease.
 */
export const AFTER_LEASE_MS = 1000

/**
 * The size limit for the response to a `POST`, in bytes. It is far above all token responses, because a response can
 * contain the only valid refresh token. For the same reason, the beginning of a larger response is kept.
 */
const TOKEN_RESPONSE_BYTES = 16_777_216
/** The size limit for any other document, in bytes. */
const METADATA_BYTES = 524_288

/**
 * Creates a {@link Http}.
 *
 * @param options - The `fetch`, the safe URLs and the limits.
 * @example
 *   const addresses = { isSafe: (url: unknown) => String(url).startsWith('https:'), reach: (url: string) => url }
 *   const http = createHttp({ fetch, addresses, clock: systemClock, timeoutMs: 10_000 })
 *   const metadata = await http('https://login.example.com/.well-known/openid-configuration')
 */
export function createHttp({ fetch, addresses, clock, timeoutMs, observe }: HttpOptions): Http {
  let safeAddress: string | undefined

  return async (url, given: RequestInit = {}) => {
    const address = addresses.reach(url)
    // Most requests are for the same URL, the token endpoint.
    if (address !== safeAddress && !addresses.isSafe(address)) throw unsafeUrl()
    safeAddress = address
    const abort = new AbortController()
    const init: RequestInit = { ...given, redirect: 'manual', signal: abort.signal }
    const exchange = async () => {
      const [startedAt, startedAtWall] = [clock.elapsed(), clock.now()]
      const response = await fetch(address, init).catch(throwForeign)
      // The monotonic clock stops while the machine is suspended.
      const tripMs = Math.max(clock.elapsed() - startedAt, (clock.now() - startedAtWall) * 1000)
      observe?.(response.headers, tripMs)
      const isPost = init.method === 'POST'
      const { text, error } = await read(response, isPost ? TOKEN_RESPONSE_BYTES : METADATA_BYTES)
      // The beginning of JSON has complete members. A form that breaks off might end in the middle of a token.
      if (error !== undefined && !(isPost && /^\s*\{/.test(text))) throw error
      // A runtime that hides a redirect reports the status 0, with which no response can be constructed.
      const status = response.status || 302
      // A status that forbids a body also forbids an empty body.
      const copy = new Response(text || null, { status, headers: response.headers })
      return Object.defineProperty(copy, 'url', { value: url })
    }
    return withDeadline(exchange(), timeoutMs, clock, () => {
      abort.abort()
      return new DOMException('No response in time', 'TimeoutError')
    }).catch((error: unknown) => {
      throw withUrl(error, url)
    })
  }
}

function unsafeUrl(): ConfigurationError {
  const message = 'A URL in the metadata is not on https. Set it in `server.endpoints`.'
  return new ConfigurationError('authorization_server_metadata_invalid', message)
}

/**
 * Hides the class of an error of Evertoken. If the `fetch` of the application uses another Evertoken, that error does not
 * show whether this request was sent.
 */
function throwForeign(error: unknown): never {
  throw error instanceof EvertokenError ? new Error('The fetch of the application failed') : error
}

/** Reads a body as text. Rejects as soon as it is longer than `maxBytes`. */
export async function readText(response: Pick<Response, 'body'>, maxBytes: number): Promise<string> {
  const { text, error } = await read(response, maxBytes)
  if (error !== undefined) throw error
  return text
}

/** Reads a body as text. If it is too long or breaks off, returns its beginning, and the error. */
async function read(
  response: Pick<Response, 'body'>,
  maxBytes: number,
): Promise<{ readonly text: string; readonly error?: unknown }> {
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  const reader = response.body?.getReader()
  try {
    for (let chunk = await reader?.read(); chunk?.value; chunk = await reader?.read()) {
      bytes += chunk.value.byteLength
      text += decoder.decode(chunk.value, { stream: true })
      if (bytes > maxBytes) {
        // If the body was cloned, the cancellation settles only after the clone was read.
        if (reader) discardBody(reader)
        return { text, error: new DOMException(`More than ${maxBytes} bytes`, 'BodyTooLargeError') }
      }
    }
  } catch (error) {
    return { text, error }
  }
  return { text: text + decoder.decode() }
}
