import type { Clock } from '../ports/clock.ts'
import { withDeadline } from './deadline.ts'

/** A `fetch` for the authorization server: no redirect is followed, time and body are bounded, the body is buffered. */
export type Http = (url: string, init: RequestInit | undefined, maxBytes: number) => Promise<Response>

export const TOKEN_RESPONSE_BYTES = 65_536
export const METADATA_BYTES = 524_288

export function createHttp(fetch: typeof globalThis.fetch, clock: Clock, timeoutMs: number): Http {
  return async (url, init, maxBytes) => {
    const abort = new AbortController()
    const exchange = async () => {
      const response = await fetch(url, { ...init, redirect: 'manual', signal: abort.signal })
      const body = await readText(response, maxBytes)
      // A runtime that hides a redirect reports the status 0, which no response can be made with.
      const status = response.status || 302
      // Null, for a status that allows no body allows no empty one either.
      return new Response(body || null, { status, headers: response.headers })
    }
    return withDeadline(exchange, timeoutMs, clock, () => {
      abort.abort()
      return named('TimeoutError')
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
      reader?.cancel().catch(() => undefined)
      throw named('BodyTooLargeError')
    }
    text += decoder.decode(chunk.value, { stream: true })
  }
  return text + decoder.decode()
}

function named(name: string): Error {
  return Object.assign(new Error('The authorization server did not answer as it should'), { name })
}
