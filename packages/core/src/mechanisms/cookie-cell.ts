import type { Clock } from '../ports/clock.ts'
import type { SessionCell, Snapshot } from '../ports/session-cell.ts'
import { ended, endsAt, type SessionRecord } from '../rules/session-record.ts'
import { OperatorError } from '../vocabulary/index.ts'
import type { SealedRecord, Vault } from './vault.ts'

/** How long requests may still arrive with the cookie that the browser has meanwhile replaced, in seconds. */
const LATE_REQUEST_SECONDS = 300
const MAX_SWAPS = 50

/**
 * A session in a sealed cookie. A browser cannot compare and swap, so the store holds the newest generation, the
 * successor, until the browser has caught up; and, after the end, the note that the cookie is no good any more.
 */
export function createCookieCell(
  key: string,
  carried: SealedRecord,
  vault: Vault,
  clock: Clock,
  idleSeconds: number,
): SessionCell {
  async function newest(): Promise<Snapshot> {
    const successor = await vault.read(key)
    const stored = successor?.sealed
    const later =
      successor && (successor.record.ended || successor.record.generation >= carried.record.generation)
    return { ...(later ? successor : carried), stored }
  }

  async function swap(from: Snapshot, to: SessionRecord): Promise<Snapshot | undefined> {
    const next = await vault.swap(key, from.stored, to, keepUntil(to))
    return next && { ...next, stored: next.sealed }
  }

  function keepUntil(record: SessionRecord): number {
    if (record.ended) return record.expiresAt
    const over = endsAt(record, idleSeconds)
    return record.caughtUp ? Math.min(over, clock.now() + LATE_REQUEST_SECONDS) : over
  }

  return {
    key,
    swap,
    async read() {
      const snapshot = await newest()
      const over = snapshot.record.ended || clock.now() >= endsAt(snapshot.record, idleSeconds)
      return over ? undefined : snapshot
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
