import type { Clock } from '../ports/clock.ts'
import type { EndReason, EventListener } from '../vocabulary/index.ts'
import { createBoundedMap } from './bounded-map.ts'
import { fingerprint } from './digest.ts'

/** Emits `session_ended` at most once for a session, where this process remembers it. */
export interface EndNotices {
  /** Emits the event, unless this process has emitted it before for this session. */
  report(key: string, reason: EndReason): void
  /** Whether this process has reported the end so recently that it might still do the work that follows. */
  isRecent(key: string): boolean
}

const MAX_REPORTED = 1000
/** A revocation is tried for 21 seconds, plus the requests. A platform that stops a request stops it within that time. */
const RECENT_MS = 30_000

export function createEndNotices(emit: EventListener | undefined, clock: Clock): EndNotices {
  /** When the end of a session was reported, by the monotonic clock. */
  const reportedAt = createBoundedMap<string, number>(MAX_REPORTED)
  return {
    report(key, reason) {
      if (reportedAt.get(key) !== undefined) return
      reportedAt.set(key, clock.elapsed())
      emit?.({ type: 'session_ended', session: fingerprint(key), reason })
    },
    isRecent(key) {
      const at = reportedAt.get(key)
      return at !== undefined && clock.elapsed() - at < RECENT_MS
    },
  }
}
