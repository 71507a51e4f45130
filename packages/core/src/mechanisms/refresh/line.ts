import type { Clock } from '../../ports/clock.ts'
import { cut, grow, INITIAL_LIMIT } from '../../rules/refresh/concurrency-limit.ts'
import { MAX_RETRY_AFTER_SECONDS } from '../../rules/protocol/time-headers.ts'

/**
 * Queues refreshes for the authorization server, before they take the lease. Each session has one place in the line.
 *
 * Refreshes start in order of arrival. Without the line, if thousands of sessions expire together, their requests time
 * out and lose their responses.
 */
export interface Line {
  /**
   * Waits for a turn. Returns the turn directly if there is no need to wait.
   *
   * @param key - The session. All its callers share one place.
   */
  enter(key: string): Turn | Promise<Turn>
  /** Returns the seconds after which a caller that can no longer wait should retry. */
  retryAfterSeconds(): number
}

/** Permits one request to the server. */
export interface Turn {
  /** Records that the server has responded successfully after this number of milliseconds. */
  succeeded(tripMs: number): void
  /**
   * Records that the server shows overload or does not respond.
   *
   * @param pauseSeconds - Set if no request must be sent for a while.
   */
  overloaded(pauseSeconds?: number): void
  /** Passes the turn to the next place in the line. Can be called more than once. */
  leave(): void
}

export interface LineOptions {
  readonly clock: Clock
  /** Returns a number from 0 to 1, which varies pauses. */
  readonly random: () => number
  /**
   * The polling interval in milliseconds, for runtimes in which a request cannot wake another one. Without it, a caller
   * that leaves wakes the next one.
   */
  readonly pollMs?: number | undefined
}

/** A turn that callers of one session share. It ends when the last of them leaves. */
interface SharedTurn {
  holders: number
}

interface Place {
  turn?: SharedTurn
  /** When the owner last polled, on runtimes that need polling. An owner that is gone does not block others. */
  lookedAt: number
  readonly wake: AbortController
}

/** The longest pause, in seconds. A response to one request must not stop others for longer. */
const MAX_PAUSE_SECONDS = 30
/**
 * Limits the retry time to this many seconds or, if longer, to `FORECAST_FACTOR` times the age of the line.
 *
 * The rate at the start is a poor forecast, because a process that is short of CPU first uses it for new callers.
 */
const FORECAST_SECONDS = 30
const FORECAST_FACTOR = 4
/** Assumed responses per second, as long as no rate was measured. */
const ASSUMED_RATE = 40
const RATE_IS_OLD_MS = 2000
/** The weight of the newest gap between two responses in the measured rate. */
const RATE_WEIGHT = 0.05
/** The longest wait for a wake-up, in milliseconds. After that, the caller checks its place again. */
const LONG_POLL_MS = 60_000
const GONE_MS = 2000
/** The longest turn, in milliseconds. It is as long as the wait for a response, even if its request is gone. */
const MAX_TURN_MS = 70_000

export function createLine({ clock, random, pollMs }: LineOptions): Line {
  const places = new Map<string, Place>()
  const turns = new Map<SharedTurn, number>()
  let limit = INITIAL_LIMIT
  let pausedUntil = 0
  let formedAt = 0
  let gapMs: number | undefined
  let succeededAt = -Infinity

  const isFree = () => turns.size < Math.floor(limit.limit) && clock.elapsed() >= pausedUntil

  /** Creates the turn of one caller. */
  function share(turn: SharedTurn): Turn {
    let hasLeft = false
    turn.holders++
    return {
      succeeded,
      overloaded,
      leave() {
        if (hasLeft) return
        hasLeft = true
        turn.holders--
        if (turn.holders === 0 && turns.delete(turn)) admit()
      },
    }
  }

  function createTurn(): SharedTurn {
    const turn = { holders: 0 }
    turns.set(turn, clock.elapsed())
    return turn
  }

  function succeeded(tripMs: number): void {
    const now = clock.elapsed()
    const newGap = now - succeededAt
    if (newGap < Infinity) gapMs = gapMs === undefined ? newGap : gapMs + (newGap - gapMs) * RATE_WEIGHT
    succeededAt = now
    limit = grow(limit, tripMs, places.size > 0)
  }

  function overloaded(pauseSeconds?: number): void {
    limit = cut(limit, clock.elapsed())
    if (pauseSeconds === undefined) return
    const seconds = Math.min(Math.max(pauseSeconds, 1), MAX_PAUSE_SECONDS) * (0.75 + random() / 2)
    pausedUntil = Math.max(pausedUntil, clock.elapsed() + seconds * 1000)
    void admitAfterPause()
  }

  /** Admits waiting callers after a pause, because no other event wakes them then. */
  async function admitAfterPause(): Promise<void> {
    // A timer can fire slightly early.
    for (let left = pausedUntil - clock.elapsed(); left > 0; left = pausedUntil - clock.elapsed())
      await clock.sleep(Math.ceil(left))
    admit()
  }

  function admit(): void {
    const now = clock.elapsed()
    for (const [turn, since] of turns) if (now - since > MAX_TURN_MS) turns.delete(turn)
    for (const [key, place] of places) {
      if (!isFree()) return
      places.delete(key)
      if (pollMs !== undefined && now - place.lookedAt > GONE_MS) continue
      place.turn = createTurn()
      place.wake.abort('admitted')
    }
  }

  async function wait(key: string, place: Place): Promise<SharedTurn> {
    while (!place.turn) {
      const left = pausedUntil - clock.elapsed()
      const longMs = left > 0 ? left : LONG_POLL_MS
      if (pollMs === undefined) await clock.sleep(longMs, place.wake.signal)
      else await clock.sleep(pollMs * (0.5 + random()))
      place.lookedAt = clock.elapsed()
      if (place.turn) break
      // If this process was busy for a while, another caller might have treated it as gone and removed its place.
      if (!places.has(key)) places.set(key, place)
      admit()
    }
    return place.turn
  }

  return {
    enter(key) {
      if (places.size === 0 && isFree()) return share(createTurn())
      if (places.size === 0) formedAt = clock.elapsed()
      const place = places.get(key) ?? { lookedAt: clock.elapsed(), wake: new AbortController() }
      places.set(key, place)
      admit()
      return place.turn ? share(place.turn) : wait(key, place).then(share)
    },
    retryAfterSeconds() {
      const now = clock.elapsed()
      const isOld = gapMs === undefined || now - succeededAt > RATE_IS_OLD_MS
      const rate = isOld ? ASSUMED_RATE : 1000 / Math.max(gapMs as number, 1)
      const furthest = Math.max(FORECAST_SECONDS, (FORECAST_FACTOR * (now - formedAt)) / 1000)
      const paused = (pausedUntil - now) / 1000
      const seconds = Math.max(paused, Math.min(places.size / rate, furthest))
      return Math.min(Math.max(Math.ceil(seconds), 1), MAX_RETRY_AFTER_SECONDS)
    },
  }
}
