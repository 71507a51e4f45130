import type { Clock } from '../ports/clock.ts'
import { ignoredHeaders } from '../rules/ignored-headers.ts'
import { parseHttpDate } from '../rules/http-date.ts'
import type { TimeReading } from '../rules/freshness.ts'
import type { StoredToken } from '../rules/stored-token.ts'
import type { EventListener } from '../vocabulary/index.ts'
import { limitEvents } from './limit-events.ts'

/**
 * The clock of the authorization server, learned from the `Date` of its responses (RFC 9110 §6.6.1). All processes of a
 * fleet agree on it, whatever their own clocks show, and it goes on by the monotonic clock.
 */
export interface ServerClock {
  /** Reads the time. Costs no request. */
  read(): TimeReading
  /** Whether a response of the server has shown its time. */
  isKnown(): boolean
  /** Whether the wall clock or the monotonic clock has jumped since the last sample. */
  isUncertain(): boolean
  /** Asks the server for its time, unless it was asked a moment ago. Waits for at most 2 seconds. Never rejects. */
  sample(): Promise<void>
  /**
   * Learns from a response.
   *
   * @param tripMs - How long the response took, in milliseconds. One that took long shows an old time.
   */
  observe(headers: Headers, tripMs: number): void
  /**
   * To be called before a token request. The result returns when the request was sent.
   *
   * @returns A function of the headers of the response.
   */
  startRequest(): (headers?: Headers) => RequestTime
}

/** When a token request was sent, as `StoredToken` keeps it. */
export type RequestTime = Pick<StoredToken, 'obtainedAt' | 'ahead'>

export interface ServerClockOptions {
  readonly clock: Clock
  readonly emit: EventListener
  /** Makes a request whose response is observed. */
  readonly request: () => Promise<unknown>
}

interface Sample {
  readonly server: number
  readonly wall: number
  readonly elapsed: number
}

/** `Date` has whole seconds, so the middle of the second is the best guess. */
const HALF_SECOND = 0.5
/** A process that does not know the server's clock believes it when it is near its own. */
const FIRST_TOLERANCE_SECONDS = 600
const TOLERANCE_SECONDS = 5
/** A difference between the two clocks of a process that no drift explains: a jump, or a suspended machine. */
const JUMP_SECONDS = 2
const MAX_TRIP_MS = 5000
/** The date of a slow response would move a clock back that is known already. */
const QUICK_TRIP_MS = 1000
/** A caller waits no longer than this for a sample. */
const SAMPLE_MS = 2000
/** A server whose dates make no sense is not asked at every call. */
const SAMPLE_PAUSE_MS = 10_000
const MAX_SAMPLE_PAUSE_MS = 600_000

export function createServerClock({ clock, emit, request }: ServerClockOptions): ServerClock {
  let anchor: Sample | undefined
  /** A sample that differs from what was expected. A second one that agrees with it proves it right. */
  let candidate: Sample | undefined
  let askedAt = -Infinity
  let asking: Promise<void> | undefined
  let pauseMs = SAMPLE_PAUSE_MS
  const emitLimited = limitEvents(emit, clock)

  /** What the two clocks of this process say has passed, in seconds. */
  function passedBoth({ wall, elapsed }: Pick<Sample, 'wall' | 'elapsed'>) {
    return { monotonic: (clock.elapsed() - elapsed) / 1000, byWall: clock.now() - wall }
  }

  function passedSince(start: Pick<Sample, 'wall' | 'elapsed'>): number {
    const { monotonic, byWall } = passedBoth(start)
    // The monotonic clock stands still while the machine is suspended. A token that lives too long is the worse error.
    return byWall > monotonic + JUMP_SECONDS ? byWall : monotonic
  }

  const timeFrom = (known: Sample) => known.server + passedSince(known)
  const moment = () => ({ wall: clock.now(), elapsed: clock.elapsed() })

  /** After a jump, one of the two clocks is still right. */
  function isNearAnchor(server: number, known: Sample): boolean {
    const { monotonic, byWall } = passedBoth(known)
    const offs = [monotonic, byWall].map((seconds) => Math.abs(server - known.server - seconds))
    return Math.min(...offs) <= TOLERANCE_SECONDS
  }

  /**
   * The time to write into a token. A reader takes the later of two times, a writer must not: the token would seem to
   * live longer than it does.
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

  function isUncertain(): boolean {
    if (!anchor) return false
    const { monotonic, byWall } = passedBoth(anchor)
    return Math.abs(byWall - monotonic) > JUMP_SECONDS
  }

  /** A first answer that is doubted needs a second one that confirms it. */
  async function ask(): Promise<void> {
    for (let i = 0; i < 2; i++) {
      await request().catch(() => undefined)
      if (anchor && !candidate && !isUncertain()) return
      // A server that does not show its time does not do so at the second request either.
      if (!candidate) break
    }
    pauseMs = Math.min(pauseMs * 2, MAX_SAMPLE_PAUSE_MS)
  }

  async function sample(): Promise<void> {
    const sinceMs = clock.elapsed() - askedAt
    if (sinceMs >= pauseMs) {
      askedAt = clock.elapsed()
      asking = ask()
    } else if (sinceMs >= SAMPLE_MS) return
    // Some runtimes let no request await the work of another one for longer than that one lives.
    const answered = new AbortController()
    const done = asking?.then(() => answered.abort('answered'))
    await Promise.race([done, clock.sleep(SAMPLE_MS, answered.signal)])
  }

  return {
    sample,
    read() {
      return { wall: clock.now(), server: anchor && timeFrom(anchor) }
    },
    isKnown: () => anchor !== undefined,
    isUncertain,
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
        // The response was made at some time since the request. Readers must not think that it was later.
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
  // A cached response shows the time of the cache's copy.
  const text = headers.has('age') ? null : headers.get('date')
  const date = text === null ? undefined : parseHttpDate(text)
  return date === undefined ? undefined : date + HALF_SECOND
}
