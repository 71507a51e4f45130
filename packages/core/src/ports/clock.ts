/**
 * The source of time. Only the edge of the program reads a real clock.
 *
 * Tests use `createManualClock` of the testkit, which moves only if the test moves it.
 */
export interface Clock {
  /** Seconds since the epoch, with fractions. May jump, for example if the operator sets the clock. */
  now(): number
  /** Milliseconds since some fixed moment. Never decreases. Leases and timeouts use it, because it cannot jump. */
  elapsed(): number
  /** Resolves after `ms` milliseconds, or as soon as the signal is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}
