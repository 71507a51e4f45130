import type { Clock } from '../ports/clock.ts'
import { withDeadline } from './deadline.ts'

/** A `fetch` for the authorization server: no redirect is followed, time and body are bounded, the body is buffered. */
export type Http = (url: string, init?: object) => Promise<Response>

/** Of what a `POST` is answered with. */
const TOKEN_RESPONSE_BYTES = 65_536
/** Of any other document. */
const METADATA_BYTES = 524_288

export function createHttp(fetch: typeof globalThis.fetch, clock: Clock, timeoutMs: number): Http {
  return async (url, given: RequestInit = {}) => {
    const abort = new AbortController()
    const init: RequestInit = { ...given, redirect: 'manual', signal: abort.signal }
    const exchange = async () => {
      const response = await fetch(url, init)
      const body = await readText(response, init.method === 'POST' ? TOKEN_RESPONSE_BYTES : METADATA_BYTES)
      // A runtime that hides a redirect reports the status 0, which no response can be made with.
      const status = response.status || 302
      // Null, for a status that allows no body allows no empty one either.
      return new Response(body || null, { status, headers: response.headers })
    }
    return withDeadline(exchange, timeoutMs, clock, () => {
      abort.abort()
      return new DOMException('No answer in time', 'TimeoutError')
    })
  }
}

/** Reads a body as text; rejects as soon as it is longer than `maxBytes`. */
export async function readText(response: Pick<Response, 'body'>, maxBytes: number): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  const reader = response.body?.getReader()
  for (let chunk = await reader?.read(); chunk?.value; chunk = await reader?.read()) {
    bytes += chunk.value.byteLength
    if (bytes > maxBytes) {
      // Not waited for: of a body that somebody has cloned it takes until they have read the other half.
      reader?.cancel().catch(() => undefined)
      throw new DOMException(`More than ${maxBytes} bytes`, 'BodyTooLargeError')
    }
    text += decoder.decode(chunk.value, { stream: true })
  }
  return text + decoder.decode()
}
