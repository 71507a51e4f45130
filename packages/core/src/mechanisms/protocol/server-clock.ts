import type { TimeReading } from '../../model/time-reading.ts'
import type { Clock } from '../../ports/clock.ts'
import { readTimeHeaders } from '../../rules/protocol/time-headers.ts'
import type { StoredToken } from '../../model/stored-tokens.ts'
import type { EventListener } from '../../vocabulary/index.ts'
import { limitEvents } from '../runtime/limit-events.ts'

/** The time, from one reading of each clock of this process. */
export interface ClockReading extends TimeReading {
  /** Whether the wall clock or the monotonic clock has jumped since the last sample. */
  readonly isUncertain: boolean
}

/**
 * Provides the time of the authorization server, from the `Date` header of its responses (RFC 9110 §6.6.1).
 *
 * All processes of a fleet agree on this time, even if their own clocks differ. Between responses, the monotonic clock
 * advances it.
 */
export interface ServerClock {
  /** Returns the time. The time of the server is unknown until a response has contained it. Makes no request. */
  read(): ClockReading
  /** Requests the time from the server, unless this was done recently. Waits at most 2 seconds. Never rejects. */
  sample(): Promise<void>
  /**
   * Updates the time from a response.
   *
   * @param tripMs - The duration of the request, in milliseconds. The date of a slow response is old.
   */
  observe(headers: Headers, tripMs: number): void
  /**
   * Records the start of a token request. The result computes when the request was sent.
   *
   * @returns A function of the `Date` of the response, in seconds since the epoch, if it is not from a cache.
   */
  startRequest(): (date?: number) => RequestTime
}

/** The time at which a token request was sent, in the format of `StoredToken`. */
export type RequestTime = Pick<StoredToken, 'obtainedAt' | 'ahead'>

export interface ServerClockOptions {
  readonly clock: Clock
  readonly emit: EventListener
  /** Sends a request. Its response is passed to `observe`. */
  readonly request: () => Promise<unknown>
}

/** One reading of both clocks of this process. */
interface Moment {
  readonly wall: number
  readonly elapsed: number
}

interface Sample extends Moment {
  readonly server: number
}

/** The time that has passed since a moment, in seconds. */
interface PassedTime {
  readonly monotonic: number
  readonly byWall: number
  /** The time to assume for a reader of tokens. */
  readonly longest: number
  /** Whether one of the clocks has jumped. */
  readonly isUncertain: boolean
}

/** `Date` has a resolution of 1 second, so the middle of the second is the best estimate. */
const HALF_SECOND = 0.5
/** Without a known server time, a process accepts dates that differ from its clock by at most this many seconds. */
const FIRST_TOLERANCE_SECONDS = 600
const TOLERANCE_SECONDS = 5
/** A larger difference between the two clocks of a process is not drift, but a jump or a suspended machine. */
const JUMP_SECONDS = 2
const MAX_TRIP_MS = 5000
/** The date of a slower response would set back a clock that is already known. */
const QUICK_TRIP_MS = 1000
/** The longest time that a caller waits for a sample, in milliseconds. */
const SAMPLE_MS = 2000
/** The pause between samples. A server with invalid dates must not receive a request for every call. */
const SAMPLE_PAUSE_MS = 10_000
const MAX_SAMPLE_PAUSE_MS = 600_000

export function createServerClock({ clock, emit, request }: ServerClockOptions): ServerClock {
  let anchor: Sample | undefined
  /** A sample that differs from the expected time. A second sample that agrees with it confirms it. */
  let candidate: Sample | undefined
  let askedAt = -Infinity
  let asking: Promise<void> | undefined
  let pauseMs = SAMPLE_PAUSE_MS
  const emitLimited = limitEvents(emit, clock)

  function read(): ClockReading {
    const wall = clock.now()
    if (!anchor) return { wall, server: undefined, isUncertain: false }
    const { longest, isUncertain } = passedSince(anchor, { wall, elapsed: clock.elapsed() })
    return { wall, server: anchor.server + longest, isUncertain }
  }

  /** Whether a second sample agrees with the candidate. */
  function isConfirmed(next: Sample): boolean {
    if (!candidate) return false
    const expected = candidate.server + passedSince(candidate, next).longest
    return Math.abs(next.server - expected) <= TOLERANCE_SECONDS
  }

  /** Requests the time. If the first response is doubted, a second one must confirm it. */
  async function requestTime(): Promise<void> {
    for (let i = 0; i < 2; i++) {
      await request().catch(() => undefined)
      if (anchor && !candidate && !read().isUncertain) return
      // A server that does not send its time does not send it with the second response either.
      if (!candidate) break
    }
    pauseMs = Math.min(pauseMs * 2, MAX_SAMPLE_PAUSE_MS)
  }

  async function sample(): Promise<void> {
    const sinceMs = clock.elapsed() - askedAt
    if (sinceMs >= pauseMs) {
      askedAt = clock.elapsed()
      asking = requestTime()
    } else if (sinceMs >= SAMPLE_MS) return
    // On some runtimes, a promise of another request never settles after that request ends.
    const answered = new AbortController()
    const done = asking?.then(() => answered.abort('answered'))
    await Promise.race([done, clock.sleep(SAMPLE_MS, answered.signal)])
  }

  return {
    sample,
    read,
    startRequest() {
      const start = { wall: clock.now(), elapsed: clock.elapsed() }
      return (date) => {
        const now = { wall: clock.now(), elapsed: clock.elapsed() }
        const tookSeconds = passedSince(start, now).longest
        const middle = date === undefined ? undefined : date + HALF_SECOND
        if (anchor) {
          const passed = passedSince(anchor, now)
          const isNear = middle !== undefined && isNearTime(middle, anchor, passed)
          // A reader uses the later of two times, but a writer must not. Otherwise the token would seem to live longer
          // than it does.
          const server = isNear ? middle : anchor.server + passed.monotonic
          return { obtainedAt: server - tookSeconds, ahead: server - now.wall }
        }
        if (middle === undefined) return { obtainedAt: start.wall }
        // The server created the response at some time after the request. Readers must not assume a later time.
        return { obtainedAt: middle - tookSeconds, ahead: middle + tookSeconds - now.wall }
      }
    },
    observe(headers, tripMs) {
      const now = { wall: clock.now(), elapsed: clock.elapsed() }
      const { date, ignored } = readTimeHeaders(headers, now.wall)
      for (const header of ignored) emitLimited({ type: 'server_header_ignored', header }, header)
      const passed = anchor && passedSince(anchor, now)
      const maxTripMs = passed && !passed.isUncertain ? QUICK_TRIP_MS : MAX_TRIP_MS
      if (date === undefined || tripMs > maxTripMs) return
      const server = date + HALF_SECOND
      const next = { server, ...now }
      const off = server - (anchor && passed ? anchor.server + passed.longest : now.wall)
      const isNear =
        anchor && passed ? isNearTime(server, anchor, passed) : Math.abs(off) <= FIRST_TOLERANCE_SECONDS
      if (isNear || isConfirmed(next)) {
        anchor = next
        candidate = undefined
        pauseMs = SAMPLE_PAUSE_MS
        return
      }
      candidate = next
      emitLimited({ type: 'server_date_doubted', seconds: Math.round(off) })
      void sample()
    },
  }
}

/** Whether the server has this time. Compares with both clocks, because after a jump one of them is still right. */
function isNearTime(server: number, known: Sample, { monotonic, byWall }: PassedTime): boolean {
  const since = server - known.server
  return Math.min(Math.abs(since - monotonic), Math.abs(since - byWall)) <= TOLERANCE_SECONDS
}

/** Returns the time that has passed between two moments, by each clock of this process. */
function passedSince(start: Moment, now: Moment): PassedTime {
  const monotonic = (now.elapsed - start.elapsed) / 1000
  const byWall = now.wall - start.wall
  return {
    monotonic,
    byWall,
    // The monotonic clock stops while the machine is suspended. Using a token for too long is the worse error.
    longest: byWall > monotonic + JUMP_SECONDS ? byWall : monotonic,
    isUncertain: Math.abs(byWall - monotonic) > JUMP_SECONDS,
  }
}
