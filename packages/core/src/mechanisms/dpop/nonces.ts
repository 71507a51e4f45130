import { readNonce } from '../../rules/protocol/dpop.ts'
import { createRecentMap } from '../runtime/bounded-map.ts'

const MAX_ORIGINS = 100

/** The latest nonce of each server (RFC 9449 §8.2). A nonce is sent only to the origin that it came from. */
export interface Nonces {
  get(url: URL): string | undefined
  /**
   * Keeps the nonce of a response to a request to this URL. It replaces the previous one.
   *
   * @param refused - The nonce of the request, if the server has refused it. Without a new one, it is dropped, unless another
   *   response has replaced it.
   * @returns Whether the response has a nonce.
   */
  observe(url: URL, headers: Headers, refused?: string): boolean
}

export function createNonces(): Nonces {
  const nonces = createRecentMap<string, string | undefined>(MAX_ORIGINS)
  return {
    get: ({ origin }) => nonces.get(origin),
    observe({ origin }, headers, refused) {
      const nonce = readNonce(headers)
      const isStale = refused !== undefined && nonces.get(origin) === refused
      if (nonce !== undefined || isStale) nonces.set(origin, nonce)
      return nonce !== undefined
    },
  }
}
