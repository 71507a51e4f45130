import type { Clock } from './clock.ts'

/** A running piece of work, for one of the callers that wait for its result. */
export interface JoinedFlight<T> {
  /** The result. All callers of the flight get the same one. */
  readonly result: Promise<T>
  /** Whether another caller had started it. */
  readonly joined: boolean
  /** When it was started, by the monotonic clock in milliseconds. */
  readonly since: number
}

/** Shares one running piece of work among all callers that need its result. */
export interface Flights {
  /**
   * Joins the flight of this name, or starts it. Flights of one group run one after the other, in order of arrival.
   * Flights of different groups do not wait for each other.
   */
  join<T>(group: string, name: string, start: () => Promise<T>, clock: Clock): JoinedFlight<T>
}
