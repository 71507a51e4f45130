import { timeFor, type TimeReading } from './time-reading.ts'
import type { ErrorCode } from '../vocabulary/index.ts'

/** A refresh failed. No process starts another one before `until`. */
export interface BackOff {
  /** Seconds since the epoch: by the server's clock if `ahead` is set, otherwise by the writer's wall clock. */
  readonly until: number
  /** The server's clock minus the writer's wall clock, in seconds. */
  readonly ahead?: number | undefined
  /** How long the pause was, in seconds. A pause that ends later than that was written by another clock. */
  readonly seconds: number
  readonly failures: number
  /** How often the server has refused the request for an unknown reason since the latest success. */
  readonly refusals?: number | undefined
  /** When the first of these refusals happened, by the same clock as `until`. */
  readonly refusedSince?: number | undefined
  readonly code: ErrorCode
}

export interface BackOffOptions {
  /** The pause that the server requested, in seconds. It can only lengthen the back-off. */
  readonly retryAfterSeconds?: number | undefined
  /** From 0 to 1. It lengthens the pause by up to 25 %, so that many processes do not retry at the same moment. */
  readonly jitter?: number
  /**
   * The code if the server refuses the request for an unknown reason for the third time, and the first time is at least
   * 60 seconds ago. A retry then no longer helps. Absent if this failure is not such a refusal.
   */
  readonly lastingCode?: ErrorCode | undefined
}

/** 2^6 seconds is more than `MAX_BACK_OFF_SECONDS`, so counting further changes nothing. */
const MAX_FAILURES = 10
const MAX_BACK_OFF_SECONDS = 60
/** From this number of refusals, the failure is treated as lasting. */
const LASTING_REFUSALS = 3
/** Refusals within a shorter time are not lasting, because a gateway returns 404 for some seconds during a deploy. */
const LASTING_SECONDS = 60

/**
 * Doubles the pause after each failure in a row, from 1 to 60 seconds.
 *
 * The larger of this pause and the server's `Retry-After` applies. A value of 0 or a date in the past must not disable
 * the back-off.
 */
export function nextBackOff(
  before: BackOff | undefined,
  code: ErrorCode,
  time: TimeReading,
  { retryAfterSeconds = 0, jitter = 0, lastingCode }: BackOffOptions = {},
): BackOff {
  const failures = Math.min((before?.failures ?? 0) + 1, MAX_FAILURES)
  const ownSeconds = Math.min(2 ** (failures - 1), MAX_BACK_OFF_SECONDS)
  const seconds = Math.max(retryAfterSeconds, ownSeconds) * (1 + jitter / 4)
  const now = time.server ?? time.wall
  const ahead = time.server === undefined ? undefined : now - time.wall
  const pause = { until: now + seconds, ahead, seconds, failures }
  // Other failures prove nothing about the request, so they do not restart the count.
  const refusals = Math.min((before?.refusals ?? 0) + (lastingCode ? 1 : 0), LASTING_REFUSALS)
  if (refusals === 0) return { ...pause, code }
  const refusedSeconds = secondsRefused(before, time)
  const isLasting = refusals === LASTING_REFUSALS && refusedSeconds >= LASTING_SECONDS
  const refusedSince = now - refusedSeconds
  return { ...pause, refusals, refusedSince, code: lastingCode && isLasting ? lastingCode : code }
}

/** Returns how long ago the first refusal was. A clock that is behind the writer's starts again. */
function secondsRefused(before: BackOff | undefined, time: TimeReading): number {
  if (before?.refusedSince === undefined) return 0
  return Math.max(0, timeFor(before, time) - before.refusedSince)
}

/** Two processes that know the server's clock differ by no more than this. */
const MAX_DIFFERENCE_SECONDS = 5

/** Returns how many seconds of the pause are left. A pause that ends later than it can was written by a wrong clock. */
export function secondsLeft(backOff: BackOff, time: TimeReading): number {
  const left = backOff.until - timeFor(backOff, time)
  return left <= backOff.seconds + MAX_DIFFERENCE_SECONDS ? Math.max(0, left) : 0
}
