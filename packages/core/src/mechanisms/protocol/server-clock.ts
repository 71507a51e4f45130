import type { TimeReading } from '../../model/time-reading.ts'
import type { Clock } from '../../ports/clock.ts'
import { ignoredHeaders, parseHttpDate } from '../../rules/protocol/time-headers.ts'
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
  /** Returns the time. Makes no request. */
  read(): ClockReading
  /** Whether a response of the server has contained its time. */
  isKnown(): boolean
  /** Whether the wall clock or the monotonic clock has jumped since the last sample. */
  isUncertain(): boolean
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
   * @returns A function of the headers of the response.
   */
  startRequest(): (headers?: Headers) => RequestTime
}

/** The time at which a token request was sent, in the format of `StoredToken`. */
export type RequestTime = Pick<StoredToken, 'obtainedAt' | 'ahead'>

export interface ServerClockOptions {
  readonly clock: Clock
  readonly emit: EventListener
  /** Sends a request. Its response is passed to `observe`. */
  readonly request: () => Promise<unknown>
}

interface Sample {
  readonly server: number
  readonly wall: number
  readonly elapsed: number
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

  /** Returns the time that has passed by each clock of this process, in seconds. */
  function passedBoth({ wall, elapsed }: Pick<Sample, 'wall' | 'elapsed'>, now = moment()) {
    return { monotonic: (now.elapsed - elapsed) / 1000, byWall: now.wall - wall }
  }

  function passedSince(start: Pick<Sample, 'wall' | 'elapsed'>, now = moment()): number {
    const { monotonic, byWall } = passedBoth(start, now)
    // The monotonic clock stops while the machine is suspended. Using a token for too long is the worse error.
    return byWall > monotonic + JUMP_SECONDS ? byWall : monotonic
  }

  const timeFrom = (known: Sample, now = moment()) => known.server + passedSince(known, now)
  const moment = () => ({ wall: clock.now(), elapsed: clock.elapsed() })

  /** Compares with both clocks, because after a jump one of them is still right. */
  function isNearAnchor(server: number, known: Sample): boolean {
    const { monotonic, byWall } = passedBoth(known)
    const offs = [monotonic, byWall].map((seconds) => Math.abs(server - known.server - seconds))
    return Math.min(...offs) <= TOLERANCE_SECONDS
  }

  /**
   * Returns the time to write into a token. A reader uses the later of two times, but a writer must not. Otherwise the
   * token would seem to live longer than it does.
   */
  function timeToWrite(known: Sample, date: number | undefined): number {
    if (date !== undefined && isNearAnchor(date, known)) return date
    return known.server + passedBoth(known).monotonic
  }

  function accept(next: Sample): void {
    anchor = next
    candidate = undefined
    pauseMs = SAMPLE_PAUSE_MS
  }

  function isUncertain(now = moment()): boolean {
    if (!anchor) return false
    const { monotonic, byWall } = passedBoth(anchor, now)
    return Math.abs(byWall - monotonic) > JUMP_SECONDS
  }

  /** Requests the time. If the first response is doubted, a second one must confirm it. */
  async function requestTime(): Promise<void> {
    for (let i = 0; i < 2; i++) {
      await request().catch(() => undefined)
      if (anchor && !candidate && !isUncertain()) return
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
    read() {
      const now = moment()
      return { wall: now.wall, server: anchor && timeFrom(anchor, now), isUncertain: isUncertain(now) }
    },
    isKnown: () => anchor !== undefined,
    isUncertain: () => isUncertain(),
    startRequest() {
      const start = moment()
      return (headers) => {
        const passed = passedSince(start)
        const date = headers && dateOf(headers)
        if (anchor) {
          const server = timeToWrite(anchor, date)
          return { obtainedAt: server - passed, ahead: server - clock.now() }
        }
        if (date === undefined) return { obtainedAt: start.wall }
        // The server created the response at some time after the request. Readers must not assume a later time.
        return { obtainedAt: date - passed, ahead: date + passed - clock.now() }
      }
    },
    observe(headers, tripMs) {
      for (const header of ignoredHeaders(headers, clock.now()))
        emitLimited({ type: 'server_header_ignored', header }, header)
      const server = dateOf(headers)
      if (server === undefined || tripMs > (anchor && !isUncertain() ? QUICK_TRIP_MS : MAX_TRIP_MS)) return
      const next = { server, ...moment() }
      const off = next.server - (anchor ? timeFrom(anchor) : next.wall)
      const isNear = anchor ? isNearAnchor(next.server, anchor) : Math.abs(off) <= FIRST_TOLERANCE_SECONDS
      const isConfirmed =
        candidate !== undefined && Math.abs(next.server - timeFrom(candidate)) <= TOLERANCE_SECONDS
      if (isNear || isConfirmed) return accept(next)
      candidate = next
      emitLimited({ type: 'server_date_doubted', seconds: Math.round(off) })
      void sample()
    },
  }
}

function dateOf(headers: Headers): number | undefined {
  // A cached response has the date of the cached copy.
  const text = headers.has('age') ? null : headers.get('date')
  const date = text === null ? undefined : parseHttpDate(text)
  return date === undefined ? undefined : date + HALF_SECOND
}
