import type { Clock } from '../ports/clock.ts'
import { withDeadline } from './deadline.ts'
import { discardBody } from './discard-body.ts'

/** A `fetch` for the authorization server: follows no redirect, bounds time and body, buffers the body. */
export type Http = (url: string, init?: object) => Promise<Response>

export interface HttpOptions {
  readonly fetch: typeof globalThis.fetch
  readonly clock: Clock
  /** How long a response may take, in milliseconds. After that, the request is aborted. */
  readonly timeoutMs: number
  /** Gets the headers of every response, and how many milliseconds it took. */
  readonly observe?: ((headers: Headers, tripMs: number) => void) | undefined
}

/**
 * How long the response to a refresh is awaited, in milliseconds, although no caller waits that long. Most servers and
 * gateways give up after a minute.
 */
export const LISTEN_MS = 65_000

/** Limit for the response to a `POST`. */
const TOKEN_RESPONSE_BYTES = 65_536
/** Limit for any other document. */
const METADATA_BYTES = 524_288

export function createHttp({ fetch, clock, timeoutMs, observe }: HttpOptions): Http {
  return async (url, given: RequestInit = {}) => {
    const abort = new AbortController()
    const init: RequestInit = { ...given, redirect: 'manual', signal: abort.signal }
    const exchange = async () => {
      const [startedAt, startedAtWall] = [clock.elapsed(), clock.now()]
      const response = await fetch(url, init)
      // The monotonic clock stands still while the machine is suspended.
      const tripMs = Math.max(clock.elapsed() - startedAt, (clock.now() - startedAtWall) * 1000)
      observe?.(response.headers, tripMs)
      const body = await readText(response, init.method === 'POST' ? TOKEN_RESPONSE_BYTES : METADATA_BYTES)
      // A runtime that hides a redirect reports the status 0, with which no response can be constructed.
      const status = response.status || 302
      // A status that allows no body does not allow an empty one either.
      return new Response(body || null, { status, headers: response.headers })
    }
    return withDeadline(exchange, timeoutMs, clock, () => {
      abort.abort()
      return new DOMException('No response in time', 'TimeoutError')
    })
  }
}

/** Reads a body as text. Rejects as soon as it is longer than `maxBytes`. */
export async function readText(response: Pick<Response, 'body'>, maxBytes: number): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  const reader = response.body?.getReader()
  for (let chunk = await reader?.read(); chunk?.value; chunk = await reader?.read()) {
    bytes += chunk.value.byteLength
    if (bytes > maxBytes) {
      // If a reader has cloned the body, this settles only when the other half was read.
      if (reader) discardBody(reader)
      throw new DOMException(`More than ${maxBytes} bytes`, 'BodyTooLargeError')
    }
    text += decoder.decode(chunk.value, { stream: true })
  }
  return text + decoder.decode()
}
