import type { StoredToken } from './session-record.ts'

/** `fresh`: serve. `soft`: serve, and refresh beside it. `expired`: not to be sent any more. */
export type Freshness = 'fresh' | 'soft' | 'expired'

const SOFT_FRACTION = 0.25
const HARD_FRACTION = 0.1
const HARD_SECONDS = 5

/**
 * The soft window is `refreshBeforeExpiry` seconds, at most a quarter of the lifetime, times 0.75 to 1.25 by `jitter`;
 * the hard window is 5 seconds, at most a tenth of the lifetime: time for the call to arrive.
 *
 * @param jitter - From 0 to 1, constant for a session, so that a fleet does not refresh in step.
 */
export function freshness(
  token: StoredToken,
  now: number,
  refreshBeforeExpiry: number,
  jitter: number,
): Freshness {
  const lifetime = token.expiresAt - token.obtainedAt
  const left = token.expiresAt - now
  const hard = Math.min(HARD_SECONDS, lifetime * HARD_FRACTION)
  if (left <= hard) return 'expired'
  const soft = Math.min(refreshBeforeExpiry, lifetime * SOFT_FRACTION) * (0.75 + jitter / 2)
  return left <= soft ? 'soft' : 'fresh'
}

/** A number from 0 to 1 that depends on the text alone (FNV-1a). */
export function jitterOf(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return (hash >>> 0) / 0x1_0000_0000
}
