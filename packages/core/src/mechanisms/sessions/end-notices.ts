import type { Clock } from '../../ports/clock.ts'
import type { EndReason, EventListener } from '../../vocabulary/index.ts'
import { endsAt, latestEnd, type SessionRecord } from '../../model/session-record.ts'
import { createBoundedMap } from '../runtime/bounded-map.ts'
import { fingerprint } from '../runtime/digest.ts'
import { limitEvents } from '../runtime/limit-events.ts'

/** Emits `session_ended` at most once for a session, as long as this process remembers the session. */
export interface EndNotices {
  /** Emits the event, unless this process has emitted it before for this session. */
  report(key: string, reason: EndReason): void
  /** Forgets a session after its tombstone was read or written. The process that ended the session emits the event. */
  forget(key: string): void
  /** Remembers when a session that only the store holds expires, because the store forgets it at that moment. */
  saw(record: SessionRecord, now: number): void
  /**
   * Emits the event for a session that the store no longer holds, if this process knows the session and why it ended.
   *
   * Otherwise the key might be forged, so this function reports only a rejected session.
   */
  missed(key: string): void
  /** Whether this process has reported the end so recently that it might still do the work that follows. */
  isRecent(key: string): boolean
}

/** A session and when this process last saw it, by the wall clock and by the monotonic clock (milliseconds). */
interface Sighting {
  readonly record: SessionRecord
  readonly at: number
  readonly elapsed: number
}

/** How long the store remembers why a session ended, in seconds. */
export const TOMBSTONE_SECONDS = 300

const MAX_REPORTED = 1000
const MAX_SEEN = 2000
/** How old a sighting can be, in seconds, before another one replaces it. */
const SIGHTING_SECONDS = 1
/** Covers a revocation (21 seconds plus its requests). A platform that stops a request does so within this time. */
const RECENT_MS = 30_000
/** The clock of this process can be this many seconds behind the clock of the store. */
const MAX_SKEW_SECONDS = 600

export function createEndNotices(
  emit: EventListener | undefined,
  clock: Clock,
  idleTimeoutSeconds: number,
): EndNotices {
  /** The times at which the ends of sessions were reported, by the monotonic clock. */
  const reportedAt = createBoundedMap<string, number>(MAX_REPORTED)
  const emitLimited = limitEvents(emit, clock)
  const seen = createBoundedMap<string, Sighting | undefined>(MAX_SEEN)

  function report(key: string, reason: EndReason): void {
    if (reportedAt.get(key) !== undefined) return
    reportedAt.set(key, clock.elapsed())
    emit?.({ type: 'session_ended', session: fingerprint(key), reason })
  }

  /** Returns the reason why the store no longer holds a session, if this process can determine it. */
  function reasonFor({ record, at, elapsed }: Sighting): EndReason | undefined {
    // The monotonic clock stops while the machine is suspended.
    const passed = Math.max((clock.elapsed() - elapsed) / 1000, clock.now() - at)
    const over = endsAt(record, idleTimeoutSeconds)
    if (at + passed >= over - MAX_SKEW_SECONDS) return timeReason(record, over)
    // Every end leaves a tombstone. If the record is missing before the tombstone expires, the store lost it.
    return passed < TOMBSTONE_SECONDS ? 'lost' : undefined
  }

  return {
    report,
    forget(key) {
      if (seen.get(key)) seen.set(key, undefined)
    },
    saw(record, now) {
      const last = seen.get(record.id)
      if (last?.record === record && now >= last.at && now - last.at < SIGHTING_SECONDS) return
      seen.set(record.id, { record, at: now, elapsed: clock.elapsed() })
    },
    missed(key) {
      if (reportedAt.get(key) !== undefined) return
      const sighting = seen.get(key)
      const reason = sighting && reasonFor(sighting)
      if (reason) report(key, reason)
      else emitLimited({ type: 'session_rejected', reason: 'not_found' })
    },
    isRecent(key) {
      const at = reportedAt.get(key)
      return at !== undefined && clock.elapsed() - at < RECENT_MS
    },
  }
}

/** Returns the reason why a session whose time is over has ended. */
export function timeReason(record: SessionRecord, now: number): 'idle' | 'expired' {
  return now < latestEnd(record) ? 'idle' : 'expired'
}
