import type { ErrorCode } from '../vocabulary/index.ts'

/** A refresh failed. No process starts another one before `until`. */
export interface BackOff {
  /** Seconds since the epoch, by the wall clock of the process that wrote it. */
  readonly until: number
  /** How long the pause was, in seconds. A pause that ends later than that was written by another clock. */
  readonly seconds: number
  readonly failures: number
  readonly code: ErrorCode
}

export interface BackOffOptions {
  /** What the server asked for, in seconds. It can lengthen the pause and never shorten it. */
  readonly retryAfterSeconds?: number | undefined
  /** From 0 to 1. Lengthens the pause by up to a quarter, so that a fleet does not come back in the same moment. */
  readonly jitter?: number
}

/** 2^6 seconds is more than `MAX_BACK_OFF_SECONDS`, so counting further changes nothing. */
const MAX_FAILURES = 10
const MAX_BACK_OFF_SECONDS = 60

/**
 * Doubles the pause after each failure in a row, from 1 to 60 seconds.
 *
 * The larger of this pause and the server's `Retry-After` counts: a value of 0 or a date in the past must not turn the
 * back-off off.
 */
export function nextBackOff(
  before: BackOff | undefined,
  code: ErrorCode,
  now: number,
  { retryAfterSeconds = 0, jitter = 0 }: BackOffOptions = {},
): BackOff {
  const failures = Math.min((before?.failures ?? 0) + 1, MAX_FAILURES)
  const ownSeconds = Math.min(2 ** (failures - 1), MAX_BACK_OFF_SECONDS)
  const seconds = Math.max(retryAfterSeconds, ownSeconds) * (1 + jitter / 4)
  return { until: now + seconds, seconds, failures, code }
}

/** Differences below this come from rounding. */
const ROUNDING_SECONDS = 0.001

/** Returns whether the pause still lasts. A pause that ends later than it can was written by another clock. */
export function isBackingOff(backOff: BackOff | undefined, now: number): boolean {
  const left = backOff ? backOff.until - now : 0
  return backOff !== undefined && left > 0 && left <= backOff.seconds + ROUNDING_SECONDS
}
