import type { Clock } from '../ports/clock.ts'
import type { EndReason, EventListener } from '../vocabulary/index.ts'
import { endsAt, type SessionRecord } from '../rules/session-record.ts'
import { createBoundedMap } from './bounded-map.ts'
import { fingerprint } from './digest.ts'

/** Emits `session_ended` at most once for a session, where this process remembers it. */
export interface EndNotices {
  /** Emits the event, unless this process has emitted it before for this session. */
  report(key: string, reason: EndReason): void
  /** Remembers when a session that only the store holds expires, because the store forgets it at that moment. */
  saw(record: SessionRecord): void
  /** Emits the event for a session that the store no longer holds, if its time was over when this process last saw it. */
  missed(key: string): void
  /** Whether this process has reported the end so recently that it might still do the work that follows. */
  isRecent(key: string): boolean
}

const MAX_REPORTED = 1000
const MAX_SEEN = 2000
/** A revocation is tried for 21 seconds, plus the requests. A platform that stops a request stops it within that time. */
const RECENT_MS = 30_000

export function createEndNotices(
  emit: EventListener | undefined,
  clock: Clock,
  idleSeconds: number,
): EndNotices {
  /** When the end of a session was reported, by the monotonic clock. */
  const reportedAt = createBoundedMap<string, number>(MAX_REPORTED)
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
      const now = clock.now()
      if (record && now >= endsAt(record, idleSeconds)) report(key, timeReason(record, now))
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
