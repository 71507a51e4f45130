import { type TimeReading, timeFor } from '../../model/time-reading.ts'
import type { StoredToken } from '../../model/stored-tokens.ts'

/** A process whose wall clock is off by more than this does not notice that until it knows the server's clock. */
const MAX_SKEW_SECONDS = 600

/**
 * Returns whether a token may have expired, although it seems valid to a process that does not know the server's
 * clock. The token expires soon, or it seems to come from the future.
 */
export function mayHaveExpired(token: StoredToken, time: TimeReading): boolean {
  const now = timeFor(token, time)
  return token.expiresAt - now < MAX_SKEW_SECONDS || now < token.obtainedAt
}

/** Returns whether the server has issued one of these tokens so recently that it is still valid. */
export function hasValidToken(tokens: Readonly<Record<string, StoredToken>>, time: TimeReading): boolean {
  return Object.values(tokens).some((token) => {
    const isValid = freshness(token, timeFor(token, time), 0, 0) !== 'expired'
    return isValid && !isFromFuture(token, time)
  })
}

/** Samples of the server's clock differ by some seconds. */
const FUTURE_SECONDS = 10

/** Returns whether a token was written with a wrong date of the server. It may have expired. */
export function isFromFuture(token: StoredToken, time: TimeReading): boolean {
  if (token.ahead === undefined || time.server === undefined) return false
  return token.obtainedAt - time.server > FUTURE_SECONDS
}

/** `fresh`: serve. `soft`: serve, and refresh in the background. `expired`: do not send it. */
export type Freshness = 'fresh' | 'soft' | 'expired'

const SOFT_FRACTION = 0.25
const HARD_FRACTION = 0.1
const HARD_SECONDS = 5

/**
 * Returns whether a token can be served.
 *
 * The soft window is `refreshBeforeExpirySeconds` seconds, at most 25 % of the lifetime, times 0.75 to 1.25 by `jitter`. The
 * server can advise another start of it. The hard window is 5 seconds, at most 10 % of the lifetime. It is the time that the call needs to arrive.
 *
 * @param now - From `timeFor`.
 * @param jitter - From 0 to 1, constant for a session, so that many sessions do not refresh at the same moment.
 */
export function freshness(
  token: Pick<StoredToken, 'obtainedAt' | 'expiresAt' | 'refreshAt'>,
  now: number,
  refreshBeforeExpirySeconds: number,
  jitter: number,
): Freshness {
  const lifetime = token.expiresAt - token.obtainedAt
  const left = token.expiresAt - now
  const hard = Math.min(HARD_SECONDS, lifetime * HARD_FRACTION)
  if (left <= hard) return 'expired'
  if (token.refreshAt !== undefined) return now >= token.refreshAt ? 'soft' : 'fresh'
  const soft = Math.min(refreshBeforeExpirySeconds, lifetime * SOFT_FRACTION) * (0.75 + jitter / 2)
  return left <= soft ? 'soft' : 'fresh'
}

/** A caller can require this share of the lifetime of a token. More would cause a refresh at almost every call. */
const MAX_VALIDITY_FRACTION = 0.75

/**
 * Returns whether a token is still valid for this time, or for three quarters of its lifetime if that is shorter.
 *
 * @param now - From `timeFor`.
 */
export function isValidFor(
  { obtainedAt, expiresAt }: Pick<StoredToken, 'obtainedAt' | 'expiresAt'>,
  now: number,
  seconds: number = 0,
): boolean {
  return expiresAt - now >= Math.min(seconds, (expiresAt - obtainedAt) * MAX_VALIDITY_FRACTION)
}

/** Returns a number from 0 to 1 that depends only on the text (FNV-1a). */
export function jitterOf(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return (hash >>> 0) / 0x1_0000_0000
}
