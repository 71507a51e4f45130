import type { Clock } from '../ports/clock.ts'
import type { Snapshot } from '../ports/session-cell.ts'
import type { SessionRecord } from '../rules/session-record.ts'

/** Follows, for one request, which generation of its session the browser holds, and what it has to be told. */
export interface Generations {
  /** The browser holds this one, or is about to. */
  holds(generation: number | undefined): void
  /** A newer state of the session is known from now on. */
  noted(): void
  /** Whether this is the state that the browser has to be told. */
  isNews(newest: Snapshot): boolean
  /** Whether the store need not hold this state for the browser any more. */
  hasCaughtUp(newest: Snapshot): boolean
  /** Whether the cookie is so old that nothing may be done any more with what it says. */
  isLate(): boolean
  /** The value of the cookie for a session as it is now. */
  textOf(record: SessionRecord): Promise<string>
}

export interface GenerationsOptions extends Pick<Generations, 'textOf'> {
  readonly clock: Clock
  /** Whether the store holds all sessions anyway. */
  readonly allStored: boolean
}

/**
 * Responses overtake each other, and the last one to arrive decides which cookie the browser holds. What was learned
 * longer ago than `NEWS_MS` is not told any more, and a generation counts as caught up with only when all that could
 * replace it by an older one has arrived, with a minute and more for requests and responses on their way.
 */
const NEWS_MS = 30_000
const CAUGHT_UP_SECONDS = 120
/**
 * A cookie that was read longer ago may have been replaced since, and the store have forgotten what replaced it: its
 * refresh token may be spent. Below `LATE_REQUEST_SECONDS` by the minutes that clocks differ.
 */
const LATE_MS = 600_000

export function createGenerations({ clock, allStored, textOf }: GenerationsOptions): Generations {
  const arrivedAt = clock.now()
  const openedAt = clock.elapsed()
  let held: number | undefined
  /** By the monotonic clock, in milliseconds. */
  let notedAt = 0
  return {
    textOf,
    holds(generation) {
      held = generation
    },
    noted() {
      notedAt = clock.elapsed()
    },
    isNews({ record }) {
      const isNewer = held !== undefined && record.generation > held
      return isNewer && !record.lease && clock.elapsed() - notedAt <= NEWS_MS
    },
    hasCaughtUp({ record, sealed }) {
      const isHeld = sealed !== undefined && record.generation === held && !record.caughtUp
      if (!isHeld || allStored || record.doubt) return false
      return arrivedAt - record.touchedAt > CAUGHT_UP_SECONDS
    },
    isLate: () => clock.elapsed() - openedAt > LATE_MS,
  }
}
