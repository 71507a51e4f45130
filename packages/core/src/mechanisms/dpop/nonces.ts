import { readNonce } from '../../rules/protocol/dpop.ts'
import { createRecentMap } from '../runtime/bounded-map.ts'

const MAX_ORIGINS = 100

/** The latest nonce of each server (RFC 9449 §8.2). A nonce is sent only to the origin that it came from. */
export interface Nonces {
  get(url: URL): string | undefined
  /** Keeps the nonce of a response to a request to this URL. It replaces the previous one. */
  observe(url: URL, headers: Headers): void
}

export function createNonces(): Nonces {
  const nonces = createRecentMap<string, string>(MAX_ORIGINS)
  return {
    get: ({ origin }) => nonces.get(origin),
    observe({ origin }, headers) {
      const nonce = readNonce(headers)
      if (nonce !== undefined) nonces.set(origin, nonce)
    },
  }
}
