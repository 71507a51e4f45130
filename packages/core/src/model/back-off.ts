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
  readonly code: ErrorCode
}

export interface BackOffOptions {
  /** The pause that the server requested, in seconds. It can only lengthen the back-off. */
  readonly retryAfterSeconds?: number | undefined
  /** From 0 to 1. It lengthens the pause by up to 25 %, so that many processes do not retry at the same moment. */
  readonly jitter?: number
  /**
   * The code if the server has refused the request for an unknown reason three times. A retry then no longer helps.
   * Absent if this failure is not such a refusal.
   */
  readonly lastingCode?: ErrorCode | undefined
}

/** 2^6 seconds is more than `MAX_BACK_OFF_SECONDS`, so counting further changes nothing. */
const MAX_FAILURES = 10
const MAX_BACK_OFF_SECONDS = 60
/** From this number of refusals, the failure is treated as lasting. */
const LASTING_REFUSALS = 3

/**
 * Doubles the pause after each failure in a row, from 1 to 60 seconds.
 *
 * The larger of this pause and the server's `Retry-After` applies. A value of 0 or a date in the past must not disable
 * the back-off.
 */
export function nextBackOff(
  before: BackOff | undefined,
  code: ErrorCode,
  { wall, server }: TimeReading,
  { retryAfterSeconds = 0, jitter = 0, lastingCode }: BackOffOptions = {},
): BackOff {
  const failures = Math.min((before?.failures ?? 0) + 1, MAX_FAILURES)
  const ownSeconds = Math.min(2 ** (failures - 1), MAX_BACK_OFF_SECONDS)
  const seconds = Math.max(retryAfterSeconds, ownSeconds) * (1 + jitter / 4)
  const ahead = server === undefined ? undefined : server - wall
  const pause = { until: (server ?? wall) + seconds, ahead, seconds, failures }
  // Other failures prove nothing about the request, so they do not restart the count.
  const refusals = Math.min((before?.refusals ?? 0) + (lastingCode ? 1 : 0), LASTING_REFUSALS)
  if (refusals === 0) return { ...pause, code }
  return { ...pause, refusals, code: lastingCode && refusals === LASTING_REFUSALS ? lastingCode : code }
}

/** Two processes that know the server's clock differ by no more than this. */
const MAX_DIFFERENCE_SECONDS = 5

/** Returns how many seconds of the pause are left. A pause that ends later than it can was written by a wrong clock. */
export function secondsLeft(backOff: BackOff, time: TimeReading): number {
  const left = backOff.until - timeFor(backOff, time)
  return left <= backOff.seconds + MAX_DIFFERENCE_SECONDS ? Math.max(0, left) : 0
}
