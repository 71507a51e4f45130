import type { Clock } from '../ports/clock.ts'
import type { SessionCell, Snapshot } from '../ports/session-cell.ts'
import { ended, endsAt, type SessionRecord } from '../rules/session-record.ts'
import type { Vault } from './vault.ts'

/** How long the store remembers why a session ended, in seconds. */
const TOMBSTONE_SECONDS = 300
const MAX_SWAPS = 50

/** A server session: the store holds it, the cookie only its id. */
export function createServerCell(
  key: string,
  vault: Vault,
  clock: Clock,
  idleSeconds: number,
  expired?: (key: string, record: SessionRecord) => void,
): SessionCell {
  async function kept(): Promise<Snapshot | undefined> {
    const held = await vault.read(key)
    if (!held || held.record.ended) return undefined
    const { record, sealed } = held
    return { record, stored: sealed }
  }

  async function swap(from: Snapshot, to: SessionRecord): Promise<Snapshot | undefined> {
    const expiresAt = to.ended ? clock.now() + TOMBSTONE_SECONDS : endsAt(to, idleSeconds)
    const next = await vault.swap(key, from.stored, to, expiresAt)
    return next && { record: next.record, stored: next.sealed }
  }

  return {
    key,
    kept,
    swap,
    async read() {
      const held = await kept()
      if (!held || clock.now() < endsAt(held.record, idleSeconds)) return held
      expired?.(key, held.record)
      return undefined
    },
    async end(reason) {
      for (let i = 0; i < MAX_SWAPS; i++) {
        const last = await kept().catch(() => undefined)
        if (!last) break
        // Swapped, not removed: a refresh that comes between would leave a refresh token that nobody knows.
        if (await swap(last, ended(last.record, reason))) return last.record
      }
      // A record that cannot be read can still be removed: signing out must work.
      await vault.remove(key)
      return undefined
    },
  }
}
