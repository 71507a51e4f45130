/** The source of time. Only the edge of the program reads a real clock. */
export interface Clock {
  /** Seconds since the epoch, with fractions. May jump. */
  now(): number
  /** Milliseconds since some fixed moment. Never decreases. */
  elapsed(): number
  /** Resolves after `ms` milliseconds, or as soon as the signal is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}
