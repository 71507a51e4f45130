import type { Clock } from '../ports/clock.ts'
import type { EndReason, EventListener } from '../vocabulary/index.ts'
import { endsAt, type SessionRecord } from '../rules/session-record.ts'
import { createBoundedMap } from './bounded-map.ts'
import { fingerprint } from './digest.ts'
import { limitEvents } from './limit-events.ts'

/** Emits `session_ended` at most once for a session, where this process remembers it. */
export interface EndNotices {
  /** Emits the event, unless this process has emitted it before for this session. */
  report(key: string, reason: EndReason): void
  /** Remembers when a session that only the store holds expires, because the store forgets it at that moment. */
  saw(record: SessionRecord): void
  /**
   * Emits the event for a session that the store no longer holds, if this process has seen it before. If not, its key might
   * be forged, so it is only a rejected session.
   */
  missed(key: string): void
  /** Whether this process has reported the end so recently that it might still do the work that follows. */
  isRecent(key: string): boolean
}

const MAX_REPORTED = 1000
const MAX_SEEN = 2000
/** A revocation is tried for 21 seconds, plus the requests. A platform that stops a request stops it within that time. */
const RECENT_MS = 30_000
const CLOCK_SKEW_SECONDS = 60

export function createEndNotices(
  emit: EventListener | undefined,
  clock: Clock,
  idleSeconds: number,
): EndNotices {
  /** When the end of a session was reported, by the monotonic clock. */
  const reportedAt = createBoundedMap<string, number>(MAX_REPORTED)
  const emitLimited = limitEvents(emit, clock)
  const seen = createBoundedMap<string, SessionRecord>(MAX_SEEN)

  function report(key: string, reason: EndReason): void {
    if (reportedAt.get(key) !== undefined) return
    reportedAt.set(key, clock.elapsed())
    emit?.({ type: 'session_ended', session: fingerprint(key), reason })
  }

  return {
    report,
    saw(record) {
      seen.set(record.id, record)
    },
    missed(key) {
      const record = seen.get(key)
      // The clock of the store can be ahead.
      const now = clock.now() + CLOCK_SKEW_SECONDS
      if (record) report(key, now >= endsAt(record, idleSeconds) ? timeReason(record, now) : 'lost')
      else if (reportedAt.get(key) === undefined)
        emitLimited({ type: 'session_rejected', reason: 'not_found' })
    },
    isRecent(key) {
      const at = reportedAt.get(key)
      return at !== undefined && clock.elapsed() - at < RECENT_MS
    },
  }
}

/** Why a session whose time is over has ended. */
export function timeReason({ expiresAt }: SessionRecord, now: number): 'idle' | 'expired' {
  return now < expiresAt ? 'idle' : 'expired'
}
