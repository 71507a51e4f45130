import type { ReusePolicy } from './decide.ts'

/** What is known of requests with one refresh token that have no response yet. */
export interface SendTiming {
  readonly sends: number
  readonly sinceFirstMs: number
  readonly sinceLastMs: number
  readonly requestTimeoutMs: number
}

const MAX_SENDS = 3
/** The second send must leave at most this long after half of the grace period. */
const SLACK_MS = 2000
/** However short the grace period is, this part of it is left for the way to the server. */
const LATEST_SHARE = 0.8

/** The store may have kept a second request waiting. */
const GRACE_SHARE = 0.9

/** Returns how long after the first request a second one can still leave, in milliseconds. */
export function secondSendLimitMs(reuse: ReusePolicy): number {
  return typeof reuse === 'string' ? Infinity : reuse.graceSeconds * 1000 * GRACE_SHARE
}

/**
 * Decides whether a refresh token is sent a second time while the first request has no response.
 *
 * A strict server may end the grant then, so never. With a grace period, only in its first half, so that the response
 * arrives in the second half, and only with evidence that the server responds to other requests: otherwise, the second
 * request would wait in the same line.
 */
export function maySendAgain(
  reuse: ReusePolicy,
  { sends, sinceFirstMs, sinceLastMs, requestTimeoutMs }: SendTiming,
): 'yes' | 'no' | 'with_evidence' {
  if (reuse === 'strict' || sends >= MAX_SENDS) return 'no'
  if (reuse === 'tolerant') return sinceLastMs >= requestTimeoutMs ? 'yes' : 'no'
  const halfMs = reuse.graceSeconds * 500
  const isDue = sinceLastMs >= Math.min(requestTimeoutMs, halfMs)
  const latestMs = Math.min(halfMs + SLACK_MS, 2 * halfMs * LATEST_SHARE)
  return isDue && sinceFirstMs < latestMs ? 'with_evidence' : 'no'
}
