import type { ErrorCode } from '../vocabulary/index.ts'

/** A refresh failed; none is started before `until`. */
export interface CoolDown {
  readonly until: number
  /** How long it was to last; whoever sees it end later than that has another clock than who wrote it. */
  readonly seconds: number
  readonly failures: number
  readonly code: ErrorCode
}

const MAX_COOL_DOWN_SECONDS = 60

/** Longer after each failure in a row, unless the server says for how long. */
export function nextCoolDown(
  before: CoolDown | undefined,
  code: ErrorCode,
  now: number,
  retryAfterSeconds?: number,
): CoolDown {
  const failures = Math.min((before?.failures ?? 0) + 1, 10)
  const pause = retryAfterSeconds ?? Math.min(2 ** (failures - 1), MAX_COOL_DOWN_SECONDS)
  return { until: now + pause, seconds: pause, failures, code }
}

/** Whether it still holds. One that ends later than it could was written by another clock. */
export function lasts(coolDown: CoolDown | undefined, now: number): boolean {
  const pause = coolDown ? coolDown.until - now : 0
  return coolDown !== undefined && pause > 0 && pause <= coolDown.seconds
}
