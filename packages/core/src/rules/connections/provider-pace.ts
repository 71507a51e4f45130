/** When the refreshes of idle grants can start at one provider. All times are from the monotonic clock, in milliseconds. */
export interface ProviderPace {
  /** The earliest time of the next start, because of the rate. */
  readonly nextAt: number
  /** No refresh starts before this time, because the provider has refused one. */
  readonly pausedUntil: number
  /** When the latest pause began. */
  readonly pausedAt: number
  /** The pauses since the latest success. */
  readonly failures: number
}

export const INITIAL_PACE: ProviderPace = {
  nextAt: -Infinity,
  pausedUntil: -Infinity,
  pausedAt: -Infinity,
  failures: 0,
}

const MINUTE_MS = 60_000
/** The longest pause without a `Retry-After`, in seconds. A longer one would end the work of a day. */
const MAX_PAUSE_SECONDS = 3600
/** The longest pause for which a run waits, in milliseconds. A longer one is left to another run. */
const MAX_WAIT_MS = 60_000

/** Returns how long the next refresh must wait. */
export function waitMs({ nextAt, pausedUntil }: ProviderPace, now: number): number {
  return Math.max(0, nextAt - now, pausedUntil - now)
}

/** Whether a run must leave the provider to another run, because it refuses requests for long. */
export function isRefusing({ pausedUntil }: ProviderPace, now: number): boolean {
  return pausedUntil - now > MAX_WAIT_MS
}

/** Whether a pace no longer matters. Owners can have servers of their own, so a process would otherwise keep more and more. */
export function isForgotten(pace: ProviderPace, now: number): boolean {
  return waitMs(pace, now - MAX_PAUSE_SECONDS * 1000) === 0
}

/** Spaces the starts evenly, so that no minute has more than the permitted number. */
export function afterStart(pace: ProviderPace, now: number, refreshesPerMinute: number): ProviderPace {
  return { ...pace, nextAt: now + MINUTE_MS / refreshesPerMinute }
}

/** A refresh that was already in progress when the provider refused another one does not end the pause. */
export function afterSuccess(pace: ProviderPace): ProviderPace {
  return { ...pace, failures: 0 }
}

/**
 * Pauses for the time that the provider requests, or for 1, 2, 4 … seconds after failures in a row.
 *
 * Refreshes that started before the latest pause have failed for the same reason. They only count as one failure.
 *
 * @param startedAt - When the refresh started.
 * @param retryAfterSeconds - The pause that the provider requests.
 */
export function afterFailure(
  pace: ProviderPace,
  startedAt: number,
  now: number,
  retryAfterSeconds: number = 0,
): ProviderPace {
  const isSame = startedAt < pace.pausedAt
  const failures = isSame ? pace.failures : pace.failures + 1
  const ownSeconds = isSame ? 0 : Math.min(2 ** (failures - 1), MAX_PAUSE_SECONDS)
  const until = now + Math.max(retryAfterSeconds, ownSeconds) * 1000
  const pausedUntil = Math.max(pace.pausedUntil, until)
  return { ...pace, failures, pausedUntil, pausedAt: isSame ? pace.pausedAt : now }
}
