import type { Clock } from '../../ports/clock.ts'
import { cut, grow, INITIAL_LIMIT } from '../../rules/concurrency-limit.ts'
import { MAX_RETRY_AFTER_SECONDS } from '../../rules/retry-after.ts'

/**
 * The line in which refreshes wait for the authorization server, before they take the lease: first come, first served,
 * one place per session. Without it, thousands of sessions that expire together lose their responses to time-outs.
 */
export interface Line {
  /**
   * Waits for a turn. Resolves to `undefined` in place of a promise if nobody has to wait.
   *
   * @param key - The session. All its callers share one place.
   */
  enter(key: string): Turn | Promise<Turn>
  /** Seconds after which a caller who cannot wait any longer should come back. */
  retryAfterSeconds(): number
}

/** The right to send a request. */
export interface Turn {
  /** The server has responded well after so many milliseconds. */
  succeeded(tripMs: number): void
  /**
   * The server shows that it is overloaded, or does not respond.
   *
   * @param pauseSeconds - Set if no request must be sent for a while.
   */
  overloaded(pauseSeconds?: number): void
  /** Gives the turn to the next in line. Can be called more than once. */
  leave(): void
}

export interface LineOptions {
  readonly clock: Clock
  /** From 0 to 1, for pauses. */
  readonly random: () => number
  /**
   * Milliseconds between two looks, for runtimes in which no request can wake another one. Without it, the one who
   * leaves wakes the next.
   */
  readonly pollMs?: number | undefined
}

/** A turn, and how many callers of the session have it. It ends when the last one has left. */
interface SharedTurn extends Turn {
  holders: number
}

interface Place {
  turn?: SharedTurn
  /** When its owner last looked, where it has to look. An owner that is gone does not block the others. */
  lookedAt: number
  readonly wake: AbortController
}

/** A response to one request must not stop all others for longer, whatever the server asks for. */
const MAX_PAUSE_SECONDS = 30
/**
 * How far ahead a caller is told to come back: this time, or this many times the age of the line. The rate at the start
 * says little about the far future, because a process that is short of CPU first spends it on the callers that arrive.
 */
const FORECAST_SECONDS = 30
const FORECAST_FACTOR = 4
/** Responses per second, while no rate was measured. */
const ASSUMED_RATE = 40
const RATE_IS_OLD_MS = 2000
/** Weight of the newest gap between two responses in the measured rate. */
const RATE_WEIGHT = 0.05
/** Who waits to be woken looks again at the latest after this time. */
const LONG_POLL_MS = 60_000
const GONE_MS = 2000
/** A turn lasts no longer than a response is awaited, even if the request that had it is gone. */
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

  /** The turn of one caller. */
  function share(turn: SharedTurn): Turn {
    let hasLeft = false
    turn.holders++
    return {
      ...turn,
      leave() {
        if (!hasLeft) turn.leave()
        hasLeft = true
      },
    }
  }

  function createTurn(): SharedTurn {
    const turn: SharedTurn = {
      holders: 0,
      succeeded(tripMs) {
        const now = clock.elapsed()
        const newGap = now - succeededAt
        if (newGap < Infinity) gapMs = gapMs === undefined ? newGap : gapMs + (newGap - gapMs) * RATE_WEIGHT
        succeededAt = now
        limit = grow(limit, tripMs, places.size > 0)
      },
      overloaded(pauseSeconds) {
        limit = cut(limit, clock.elapsed())
        if (pauseSeconds === undefined) return
        const seconds = Math.min(Math.max(pauseSeconds, 1), MAX_PAUSE_SECONDS) * (0.75 + random() / 2)
        pausedUntil = Math.max(pausedUntil, clock.elapsed() + seconds * 1000)
        void admitAfterPause()
      },
      leave() {
        turn.holders--
        if (turn.holders <= 0 && turns.delete(turn)) admit()
      },
    }
    turns.set(turn, clock.elapsed())
    return turn
  }

  /** Nobody else wakes those who wait when a pause is over. */
  async function admitAfterPause(): Promise<void> {
    // A timer can fire a little early.
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
      // A process that was busy for a while was mistaken for one that is gone.
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
