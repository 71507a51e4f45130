import { parseChallenges } from '../calls/authentication-challenge.ts'
import { isJsonObject } from '../members.ts'
import { CLOCK_MARGIN_SECONDS } from './jwt.ts'

/** The facts that a proof of possession states about one request. */
export interface ProofFacts {
  readonly url: URL
  /** In capitals, such as `GET`. */
  readonly method: string
  /** Identifies the proof. No other proof has it. */
  readonly id: string
  /** Seconds since the epoch. */
  readonly now: number
  /** The latest nonce of the server, if it has sent one. */
  readonly nonce: string | undefined
  /** The hash of the access token that the request carries, if it carries one. */
  readonly tokenHash?: string | undefined
}

/**
 * Returns the claims of a proof (RFC 9449 §4.2). JSON omits those without a value.
 *
 * Strict servers refuse a time in the future, also if it is only milliseconds ahead.
 */
export function proofClaims({ url, method, id, now, nonce, tokenHash }: ProofFacts): object {
  // The URL has neither a query nor a fragment there.
  const htu = url.origin + url.pathname
  return { jti: id, htm: method, htu, iat: Math.floor(now) - CLOCK_MARGIN_SECONDS, ath: tokenHash, nonce }
}

/** The characters of a nonce (RFC 9449 §8.1). A longer one would not fit into the headers of many servers. */
const NONCE = /^[!#-[\]-~]{1,1024}$/

/** Returns the nonce for the next request to the server of a response, if the response has a valid one. */
export function readNonce(headers: Headers): string | undefined {
  const nonce = headers.get('dpop-nonce')
  return nonce !== null && NONCE.test(nonce) ? nonce : undefined
}

/** Whether an API asks for another nonce (RFC 9449 §9). */
export function isApiNonceError({ status, headers }: Pick<Response, 'status' | 'headers'>): boolean {
  if (status !== 401) return false
  return parseChallenges(headers.get('www-authenticate')).some(
    ({ scheme, parameters }) => scheme === 'dpop' && parameters.get('error') === 'use_dpop_nonce',
  )
}

/** Whether the token endpoint asks for another nonce (RFC 9449 §8). */
export function isTokenNonceError(body: unknown): boolean {
  return isJsonObject(body) && body['error'] === 'use_dpop_nonce'
}
