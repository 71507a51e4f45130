import type { Clock } from '../ports/clock.ts'
import type { SessionCell } from '../ports/session-cell.ts'
import { endsAt } from '../rules/session-record.ts'
import { createStoredCell, type Expired } from './stored-cell.ts'
import type { Vault } from './vault.ts'

/** How long the store remembers why a session ended, in seconds. */
const TOMBSTONE_SECONDS = 300

/** A server session: the store holds it, the cookie only its id. */
export function createServerCell(
  key: string,
  vault: Vault,
  clock: Clock,
  idleSeconds: number,
  expired?: Expired,
): SessionCell {
  return createStoredCell(key, vault, clock, idleSeconds, expired, {
    inStoreAlone: true,
    newest: (held) => held,
    keepUntil: (record) => (record.ended ? clock.now() + TOMBSTONE_SECONDS : endsAt(record, idleSeconds)),
  })
}
