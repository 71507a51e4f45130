import type { ReusePolicy } from './decide.ts'

/** The known facts about requests with one refresh token that have no response yet. */
export interface SendTiming {
  readonly sends: number
  readonly sinceFirstMs: number
  readonly sinceLastMs: number
  readonly serverTimeoutMs: number
}

const MAX_SENDS = 3
/** The second send must leave at most this long after half of the grace period. */
const SLACK_MS = 2000
/** The second send must leave within this share of the grace period. The rest is left for the transport. */
const LATEST_SHARE = 0.8

/** The store may have delayed the second request. */
const GRACE_SHARE = 0.9

/** Returns how long after the first request a second one can still leave, in milliseconds. */
export function secondSendLimitMs(reuse: ReusePolicy): number {
  return typeof reuse === 'string' ? Infinity : reuse.graceSeconds * 1000 * GRACE_SHARE
}

/**
 * Decides whether a refresh token is sent a second time while the first request has no response.
 *
 * With a strict server, it is never sent again, because the server may end the grant. With a grace period, it is sent
 * only in the first half, so that the response arrives in the second half. It also needs evidence that the server
 * responds to other requests. Otherwise, the second request would wait in the same line.
 */
export function maySendAgain(
  reuse: ReusePolicy,
  { sends, sinceFirstMs, sinceLastMs, serverTimeoutMs }: SendTiming,
): 'yes' | 'no' | 'with_evidence' {
  if (reuse === 'strict' || sends >= MAX_SENDS) return 'no'
  if (reuse === 'tolerant') return sinceLastMs >= serverTimeoutMs ? 'yes' : 'no'
  const halfMs = reuse.graceSeconds * 500
  const isDue = sinceLastMs >= Math.min(serverTimeoutMs, halfMs)
  const latestMs = Math.min(halfMs + SLACK_MS, 2 * halfMs * LATEST_SHARE)
  return isDue && sinceFirstMs < latestMs ? 'with_evidence' : 'no'
}
