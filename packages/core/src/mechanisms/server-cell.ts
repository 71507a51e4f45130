import type { Clock } from '../ports/clock.ts'
import type { SessionCell, Snapshot } from '../ports/session-cell.ts'
import { endsAt } from '../rules/session-record.ts'
import type { Vault } from './vault.ts'

/** How long the store remembers why a session ended, in seconds. */
const TOMBSTONE_SECONDS = 300

/** A server session: the store holds it, the cookie only its id. */
export function createServerCell(key: string, vault: Vault, clock: Clock, idleSeconds: number): SessionCell {
  const read = async (): Promise<Snapshot | undefined> => {
    const held = await vault.read(key)
    if (!held || held.record.ended || clock.now() >= endsAt(held.record, idleSeconds)) return undefined
    return { record: held.record, sealed: held.sealed, stored: held.sealed }
  }
  return {
    key,
    read,
    async swap(from, to) {
      const expiresAt = to.ended ? clock.now() + TOMBSTONE_SECONDS : endsAt(to, idleSeconds)
      const next = await vault.swap(key, from.stored, to, expiresAt)
      return next && { ...next, stored: next.sealed }
    },
    async end() {
      // A record that cannot be read can still be removed: signing out must work.
      const last = await read().catch(() => undefined)
      await vault.remove(key)
      return last?.record
    },
  }
}
