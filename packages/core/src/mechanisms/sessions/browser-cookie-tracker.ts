import type { Clock } from '../../ports/clock.ts'
import type { Snapshot } from '../../ports/session-handle.ts'
import type { SessionRecord } from '../../model/session-record.ts'

/** Tracks, for one request, which generation of its session the browser holds and whether to send a newer one. */
export interface BrowserCookieTracker {
  /** Records the generation that the browser holds or is about to receive. */
  holds(generation: number | undefined): void
  /** Records that this request has learned a newer state of the session. */
  observed(): void
  /** Whether the response must send this state to the browser. */
  mustSendCookie(newest: Snapshot): boolean
  /** Whether the store no longer needs to hold this state for the browser. */
  browserIsCurrent(newest: Snapshot): boolean
  /** Whether the cookie is so old that Evertoken must no longer use its content. */
  isLate(): boolean
  /** Returns the value of the cookie for the current state of a session. */
  sealCookie(record: SessionRecord): Promise<string>
}

export interface BrowserCookieTrackerOptions extends Pick<BrowserCookieTracker, 'sealCookie'> {
  readonly clock: Clock
  /** Whether the store holds all sessions in any case. */
  readonly allStored: boolean
}

/**
 * Responses can arrive in a different order, and the last one decides which cookie the browser holds.
 *
 * A response therefore sends no state that the request learned more than `NEWS_MS` ago. A browser has caught up with
 * a generation only after every response that could replace it with an older one has arrived. The difference between
 * the two limits leaves more than 1 minute for requests and responses in transit.
 */
const NEWS_MS = 30_000
const CAUGHT_UP_SECONDS = 120
/**
 * After this time, the browser might hold a newer cookie, and the store might have forgotten the newer record. The
 * refresh token in the old cookie is then spent. The value is less than `LATE_REQUEST_SECONDS`, because the clocks of
 * two machines can differ by minutes.
 */
const LATE_MS = 600_000

export function createBrowserCookieTracker({
  clock,
  allStored,
  sealCookie,
}: BrowserCookieTrackerOptions): BrowserCookieTracker {
  const arrivedAt = clock.now()
  const openedAt = clock.elapsed()
  let held: number | undefined
  /** The time at which `noted` was last called, by the monotonic clock in milliseconds. */
  let notedAt = 0
  return {
    sealCookie,
    holds(generation) {
      held = generation
    },
    observed() {
      notedAt = clock.elapsed()
    },
    mustSendCookie({ record }) {
      const isNewer = held !== undefined && record.generation > held
      const isBusy = record.ledger.lease ?? record.otherTokens?.lease
      return isNewer && !isBusy && clock.elapsed() - notedAt <= NEWS_MS
    },
    browserIsCurrent({ record, sealed }) {
      const isHeld = sealed !== undefined && record.generation === held && !record.browserIsCurrent
      if (!isHeld || allStored || record.ledger.doubt) return false
      return arrivedAt - record.touchedAt > CAUGHT_UP_SECONDS
    },
    isLate: () => clock.elapsed() - openedAt > LATE_MS,
  }
}
