import type { Clock } from '../ports/clock.ts'
import type { SessionCell, Snapshot } from '../ports/session-cell.ts'
import { ended, endsAt, type SessionRecord } from '../rules/session-record.ts'
import { OperatorError } from '../vocabulary/index.ts'
import type { Vault } from './vault.ts'

/**
 * How long requests may still arrive with the cookie that the browser has meanwhile replaced, in seconds: by a clock
 * that may be minutes behind the store's.
 */
const LATE_REQUEST_SECONDS = 900
const MAX_SWAPS = 50

/**
 * A session in a sealed cookie. A browser cannot compare and swap, so the store holds the newest generation, the
 * successor, until the browser has caught up; and, after the end, the note that the cookie is no good any more.
 */
export function createCookieCell(
  carried: SessionRecord,
  vault: Vault,
  clock: Clock,
  idleSeconds: number,
  expired?: (key: string, record: SessionRecord) => void,
): SessionCell {
  const key = carried.id

  async function newest(): Promise<Snapshot> {
    const successor = await vault.read(key)
    const stored = successor?.sealed
    const later = successor && (successor.record.ended || successor.record.generation >= carried.generation)
    return { record: later ? successor.record : carried, stored }
  }

  async function swap(from: Snapshot, to: SessionRecord): Promise<Snapshot | undefined> {
    const next = await vault.swap(key, from.stored, to, keepUntil(to))
    return next && { record: next.record, stored: next.sealed }
  }

  function keepUntil(record: SessionRecord): number {
    if (record.ended) return record.expiresAt
    const over = endsAt(record, idleSeconds)
    if (!record.caughtUp) return over
    return Math.min(over, Math.max(clock.now(), record.touchedAt) + LATE_REQUEST_SECONDS)
  }

  async function kept(): Promise<Snapshot | undefined> {
    const snapshot = await newest()
    return snapshot.record.ended ? undefined : snapshot
  }

  return {
    key,
    kept,
    swap,
    async read() {
      const snapshot = await kept()
      if (!snapshot || clock.now() < endsAt(snapshot.record, idleSeconds)) return snapshot
      expired?.(key, snapshot.record)
      return undefined
    },
    async end(reason) {
      for (let i = 0; i < MAX_SWAPS; i++) {
        const last = await newest()
        if (last.record.ended) return undefined
        if (await swap(last, ended(last.record, reason))) return last.record
      }
      throw new OperatorError(
        'store_unavailable',
        'Cannot end the session: the session store lost every swap',
      )
    },
  }
}
